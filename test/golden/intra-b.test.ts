// Golden files of option intra-b: the resources that its first phase adds to option intra-a, and what each later phase
// changes. Other tests prove the same facts. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import { diffLines } from "diff";
import { PHASES } from "../../components/opt/conversion-phases";
import { inputsOf, type Seen } from "../kit";
import { intraBValues, RAMPART_OPT, recordIntraB } from "../unit/kit/intra-b";
import { recordStack } from "../unit/kit/intra-a";
import { assertReviewed, documentOf, formatted } from "./file";

const SHAPES: [shape: string, opt: object][] = [
    ["kuberay", {}],
    ["rampart", RAMPART_OPT],
];
const HEADER = (
    shape: string,
) => `# Objects of option intra-b with shape ${shape} in addition to option intra-a, and the changes of each phase, for review.
# Regenerate: npm run golden
# Labels and annotations that every object has are left out; a unit test checks them. (secret): never shown.
`;
/** Generated keys are not objects to review. */
const HIDDEN = /pulumi:providers|random:|^alpa-auth:/;
const shown = (seen: Seen[]) => seen.filter((r) => r.custom && !HIDDEN.test(r.type));

function page(resource: Seen): string {
    const { metadata, __provider, kubeconfig: _k, connection, ...rest } = inputsOf(resource);
    const { labels: _, annotations: __, ...named } = metadata ?? {};
    const on = connection === undefined ? {} : { on: connection.host };
    const kind = rest.kind ?? resource.type.split(":").pop();
    return documentOf(resource.name, { kind, ...on, ...(metadata ? { metadata: named } : {}), ...rest });
}

/** The title of the page, and below it the removed and the added lines. */
function difference(before: string, after: string): string {
    const title = after.split("\n")[1];
    const lines = diffLines(before, after).flatMap(({ added, removed, value }) => {
        const sign = added ? "+" : "-";
        return added || removed
            ? value
                  .trimEnd()
                  .split("\n")
                  .map((line) => `# ${sign} ${line}\n`)
            : [];
    });
    return `# --- changed: ${title.replace(/^# /, "")}\n${lines.join("")}`;
}

async function render(shape: string, opt: object): Promise<string> {
    let before = new Map(
        shown(await recordStack("rampart", { alpa: intraBValues().alpa })).map((r) => [r.name, page(r)]),
    );
    const parts: string[] = [];
    for (const phase of PHASES) {
        const after = new Map(shown(await recordIntraB(phase, {}, opt)).map((r) => [r.name, page(r)]));
        const gone = [...before.keys()].filter((name) => !after.has(name));
        assert.deepEqual(gone, [], "no phase deletes a resource");
        const changed = [...after]
            .filter(([name, text]) => before.get(name) !== text)
            .sort(([a], [b]) => (a < b ? -1 : 1));
        const texts = changed.map(([name, text]) => (before.has(name) ? difference(before.get(name)!, text) : text));
        parts.push(`# ===== ${phase} =====\n`, ...texts);
        before = after;
    }
    return formatted(`expected/intra-b-${shape}.yaml`, HEADER(shape) + parts.join(""));
}

describe("golden intra-b", () => {
    for (const [shape, opt] of SHAPES)
        it(`of shape ${shape} matches the reviewed file, and shows no secret`, async () => {
            const rendered = await render(shape, opt);
            assertReviewed(`expected/intra-b-${shape}.yaml`, rendered);
            assert.match(rendered, /\(secret\)/);
            assert.doesNotMatch(rendered, /generated|s3cret|BEGIN/);
        });
});
