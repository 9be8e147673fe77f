// Proves which effects on callers a review reports for a change of classes and shares.
import { strict as assert } from "node:assert";
import { renderRoute } from "../../../../../../components/route/route-rules";
import type { CallerClass } from "../../../../../../components/route/caller-classes";
import type { Counters } from "../../../../../../components/apisix/open-requests";
import { GUARD } from "../../../../components/route/guard-settings";
import { review, step } from "../steps";

const COUNTERS: Counters = { host: "a", whenDown: "refuse", timeoutMilliseconds: 100, answerTimeoutSeconds: 600 };
const route = (classes?: CallerClass[], counters?: Counters) => ({
    kind: "ApisixRoute",
    metadata: { name: "alpa", namespace: "llm" },
    spec: renderRoute({
        ...{ namespace: "llm", guard: GUARD, ingressClassName: "apisix", answerTimeoutSeconds: 600, ownGateway: true },
        ...{ classes, counters },
    }),
});
const batch = (completions: number, ...members: string[]): CallerClass => ({
    ...{ name: "batch", members, completions, logprobs: 1 },
});

/** Findings about /alpa/completions. */
function said(old: object, now: object): string[] {
    return review([step("ApisixRoute", "alpa-route-rules", old, now)])
        .filter(({ says }) => says.includes("/completions"))
        .map(({ severity, code, says }) => `${severity} ${code} ${says.replace(/^.*completions: /, "")}`);
}

const cases: [what: string, old: object, now: object, ...expected: string[]][] = [
    [
        "a class gets a share",
        route(),
        route([batch(2, "nightly", "ocr")]),
        "breaks-callers limit-lowered callers of class batch share 2 open requests (nightly and ocr), and had no share before",
    ],
    [
        "a class loses its share",
        route([batch(2, "nightly")]),
        route(),
        "risk limit-removed callers of class batch no longer share 2 open requests (nightly)",
    ],
    [
        "less",
        route([batch(3, "nightly")]),
        route([batch(2, "nightly")]),
        "breaks-callers limit-lowered callers of class batch share fewer open requests: 2 instead of 3, and the count restarts",
    ],
    [
        "more",
        route([batch(2, "nightly")]),
        route([batch(3, "nightly")]),
        "harmless limit-raised callers of class batch share more open requests: 3 instead of 2, and the count restarts",
    ],
    [
        "a caller joins",
        route([batch(2, "nightly")]),
        route([batch(2, "nightly", "ocr")]),
        "breaks-callers limit-lowered ocr joins class batch, whose callers share 2 open requests",
    ],
    [
        "a caller leaves",
        route([batch(2, "nightly", "ocr")]),
        route([batch(2, "nightly")]),
        "risk limit-removed ocr leaves class batch, and no longer uses its share",
    ],
    [
        "the counters",
        route([batch(2, "nightly")]),
        route([batch(2, "nightly")], COUNTERS),
        "risk limit-changed class batch is counted by another server: the count restarts",
    ],
    [
        "the answer timeout",
        route([batch(2, "nightly")], COUNTERS),
        route([batch(2, "nightly")], { ...COUNTERS, answerTimeoutSeconds: 900 }),
        "harmless changed-inside class batch: open requests of a lost gateway pod are counted for 960 s",
    ],
    ["nothing", route([batch(2, "nightly")]), route([batch(2, "nightly")])],
];

describe("review of classes of callers", () => {
    for (const [what, old, now, ...expected] of cases) it(what, () => assert.deepEqual(said(old, now), expected));

    it("leaves another owner's workflow to the reviewer", () => {
        const now = route([batch(2, "nightly")]);
        const plugins = now.spec.http[0].plugins.map((plugin) =>
            plugin.name === "workflow"
                ? { ...plugin, config: { rules: [{ actions: [["return", { code: 403 }]] }] } }
                : plugin,
        );
        const other = {
            ...now,
            spec: { ...now.spec, http: [{ ...now.spec.http[0], plugins }, ...now.spec.http.slice(1)] },
        };
        assert.match(said(now, other).join("\n"), /^risk route-changed plugin workflow gets other settings/);
    });
});
