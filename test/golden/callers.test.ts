// Golden file of option callers: its objects in the cluster, for review. Other tests prove the same facts. Regenerate: npm run
// golden
import { strict as assert } from "node:assert";
import { inputsOf, type Seen } from "../kit";
import { COUNTERS, GATEWAY, recordCallers } from "../unit/kit/callers";
import { kubernetesObjects } from "../unit/kit/intra-a";
import { assertReviewed, documentOf, formatted } from "./file";

const HEADER = `# Objects of option callers in the cluster, for review. Regenerate: npm run golden
# Labels and annotations that every object has are left out; a unit test checks them. (secret): never shown.
`;

async function render(): Promise<string> {
    const seen = kubernetesObjects(await recordCallers({ ...GATEWAY, counters: COUNTERS }));
    const pages = seen.sort((a, b) => (a.name < b.name ? -1 : 1)).map(page);
    return formatted("expected/callers.yaml", HEADER + pages.join(""));
}

function page(resource: Seen): string {
    const { __provider, apiVersion, kind, metadata, ...rest } = inputsOf(resource);
    const object = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace }, ...rest };
    return documentOf(resource.name, object);
}

describe("golden callers", () => {
    it("matches the reviewed file, and shows no secret", async () => {
        const rendered = await render();
        assertReviewed("expected/callers.yaml", rendered);
        assert.match(rendered, /\(secret\)/);
        assert.doesNotMatch(rendered, /generated/);
    });
});
