// Golden file of exposure tunnel: its resources in the cluster and at Cloudflare in addition to the gateway. Other tests
// prove the same facts. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import { CONNECTORS } from "../../components/cloudflare/cloudflared/deployment";
import { asked, inputsOf, type Seen } from "../kit";
import { recordExposed } from "../unit/kit/intra-a";
import { assertReviewed, documentOf, formatted } from "./file";

/** In the order of their dependencies. */
const ORDER = [
    "ZeroTrustTunnelCloudflared",
    "ZeroTrustTunnelCloudflaredConfig",
    "NetworkPolicy",
    "Secret",
    "PodDisruptionBudget",
    "Deployment",
    "Ruleset",
    "DnsRecord",
];
const HEADER = `# Resources of exposure tunnel in addition to the gateway, for review. Regenerate: npm run golden
# Labels and annotations that every object has are left out; a unit test checks them. (secret): never shown.
`;

const kindOf = (r: Seen): string => r.inputs.kind ?? r.type.split(":").pop();
const ours = (r: Seen) => r.type.startsWith("cloudflare:") || r.inputs.metadata?.name === CONNECTORS;

async function render(): Promise<string> {
    const seen = (await recordExposed("helm")).filter((r) => r.custom && ours(r) && ORDER.includes(kindOf(r)));
    const rank = (r: Seen) => `${String(ORDER.indexOf(kindOf(r))).padStart(2, "0")} ${r.name}`;
    const pages = seen.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).map(page);
    return formatted("expected/exposure.yaml", HEADER + pages.join(""));
}

function page(resource: Seen): string {
    const { __provider, apiVersion, kind: _kind, metadata, ...inputs } = inputsOf(resource);
    const object = {
        ...(apiVersion === undefined ? {} : { apiVersion }),
        kind: kindOf(resource),
        ...(metadata === undefined ? {} : { metadata: { name: metadata.name, namespace: metadata.namespace } }),
        ...inputs,
    };
    const { deleteTimeout } = asked(resource);
    const waits = deleteTimeout === "" ? "" : `\n# deleted within ${deleteTimeout}`;
    return documentOf(`${resource.name}${waits}`, object);
}

describe("golden exposure tunnel", () => {
    it("matches the reviewed file", async () => {
        const rendered = await render();
        assertReviewed("expected/exposure.yaml", rendered);
    });

    it("shows no secret", async () => {
        const rendered = await render();
        assert.match(rendered, /\(secret\)/);
        assert.doesNotMatch(rendered, /s3cret/);
    });
});
