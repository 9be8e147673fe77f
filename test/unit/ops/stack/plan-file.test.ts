// Proves that a plan lets a Secret be what the provider makes of it, and everything else only what was planned. That up carries
// such a plan out is test/chaos/rollback.test.ts.
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allowUnknown } from "../../../../ops/stack/plan-file";
import { UNKNOWN } from "../../../../ops/stack/review/differences";

const SECRET = "kubernetes:core/v1:Secret";
const WAIT = "pulumi-nodejs:dynamic/alpa-auth:Awaited";
type Diff = { propertyDependencies?: Record<string, string[]>; [part: string]: unknown };

describe("a saved plan", () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), "alpa-auth-plan-"))));
    after(() => rmSync(folder, { recursive: true }));

    /** The difference of inputs after it was made fit. */
    function fit(type: string, { propertyDependencies, ...inputDiff }: Diff): object {
        const file = join(folder, "plan.json");
        writeFileSync(
            file,
            JSON.stringify({
                resourcePlans: { a: { goal: { type, inputDiff, propertyDependencies }, steps: ["create"] } },
            }),
        );
        allowUnknown(file);
        const { goal, steps } = JSON.parse(readFileSync(file, "utf8")).resourcePlans.a;
        assert.deepEqual(steps, ["create"]);
        return goal.inputDiff;
    }
    const hidden = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" };

    const cases: [what: string, type: string, before: Diff, after: object][] = [
        [
            "lets a new Secret with a key that is still to be made be encoded",
            SECRET,
            { adds: { kind: "Secret", stringData: hidden } },
            { adds: { kind: "Secret", stringData: UNKNOWN, data: UNKNOWN } },
        ],
        [
            "lets one that gets another key be encoded",
            SECRET,
            { adds: { stringData: hidden }, deletes: ["data", "type"] },
            { adds: { stringData: UNKNOWN }, updates: { data: UNKNOWN }, deletes: ["type"] },
        ],
        ["keeps what is known of a Secret", SECRET, { adds: { data: hidden } }, { adds: { data: hidden } }],
        [
            "lets what a dynamic provider makes depend on what is made before it",
            WAIT,
            { adds: { name: "a" }, deletes: ["old"], propertyDependencies: { name: [], generation: ["urn"] } },
            { adds: { name: "a", generation: UNKNOWN }, deletes: ["old"] },
        ],
        [
            "keeps every other kind",
            "kubernetes:core/v1:ConfigMap",
            { adds: { stringData: "a" } },
            { adds: { stringData: "a" } },
        ],
    ];
    for (const [what, type, before, after] of cases) it(what, () => assert.deepEqual(fit(type, before), after));
});
