// Golden files of option intra-a, one for each installer: its resources in the cluster, for review. Other tests prove the same
// facts. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import { inputsOf, type Seen } from "../kit";
import { CLASSES, INSTALLERS, recordStack, type Installer } from "../unit/kit/intra-a";
import { assertReviewed, documentOf, formatted } from "./file";

/** In the order in which a request and its configuration reach them. */
const ORDER = [
    "Namespace",
    "RampartGraph",
    "Release",
    "NetworkPolicy",
    "Secret",
    "GatewayProxy",
    "IngressClass",
    "GatewayClass",
    "Gateway",
    "ApisixUpstream",
    "ApisixRoute",
    "Consumer",
];
const HEADER = `# Objects of option intra-a in the cluster, for review. Regenerate: npm run golden
# Labels and annotations that every object has are left out; a unit test checks them. (secret): never shown.
# *a1 repeats what &a1 marks.
`;

const kindOf = (r: Seen): string => r.inputs.kind ?? r.type.split(":").pop();

/** @param file name of the golden file @param kinds kinds of the resources to show */
async function render(installer: Installer, values = {}, file = `expected/intra-a-${installer}.yaml`, kinds = ORDER) {
    const seen = (await recordStack(installer, values)).filter((r) => r.custom && kinds.includes(kindOf(r)));
    const rank = (r: Seen) => `${String(ORDER.indexOf(kindOf(r))).padStart(2, "0")} ${r.name}`;
    const pages = seen.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).map(page);
    return formatted(file, HEADER + pages.join(""));
}

function page(resource: Seen): string {
    // Leaves out the code, kubeconfig and time limit of the graph, which is a dynamic resource.
    const { metadata, __provider, kubeconfig: _k, timeoutSeconds: _t, ...object } = inputsOf(resource);
    if (metadata !== undefined) {
        const { labels: _, annotations: __, ...named } = metadata;
        object.metadata = named;
    }
    return documentOf(resource.name, readable(object, new Map()), { aliasDuplicateObjects: true });
}

/** Puts identifying keys first. Equal large parts become the same object, so that YAML writes this object once. */
function readable(node: unknown, known: Map<string, unknown>): unknown {
    if (Array.isArray(node)) return node.map((item) => readable(item, known));
    if (typeof node !== "object" || node === null) return node;
    const text = JSON.stringify(node);
    if (known.has(text)) return known.get(text);
    const first = ["apiVersion", "kind", "metadata", "name", "namespace"].filter((key) => key in node);
    const rest = Object.keys(node).filter((key) => !first.includes(key));
    const map = Object.fromEntries([...first, ...rest].map((key) => [key, readable((node as any)[key], known)]));
    if (text.length > 120) known.set(text, map);
    return map;
}

describe("golden intra-a", () => {
    for (const installer of INSTALLERS)
        it(`with installer ${installer} matches the reviewed file`, async () => {
            const rendered = await render(installer);
            assertReviewed(`expected/intra-a-${installer}.yaml`, rendered);
        });

    it("with classes of callers matches the reviewed file", async () => {
        const file = "expected/intra-a-classes.yaml";
        // The file has only the kinds of resources that change with classes.
        assertReviewed(
            file,
            await render("rampart", CLASSES, file, ["ApisixRoute", "Consumer", "Deployment", "Service"]),
        );
    });

    it("shows no secret", async () => {
        for (const installer of INSTALLERS) {
            const rendered = await render(installer);
            assert.match(rendered, /\(secret\)/);
            assert.ok(!/generated|s3cret/.test(rendered), installer);
        }
    });
});
