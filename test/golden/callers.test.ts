// Golden file of option callers: what it asks of the cluster. Never the only proof of anything. Renew it with: npm run golden
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import * as prettier from "prettier";
import { Document, visit } from "yaml";
import { inputsOf, type Seen } from "../kit";
import { COUNTERS, GATEWAY, recordCallers } from "../unit/callers";
import { kubernetesObjects } from "../unit/intra-a";

const HEADER = `# What option callers asks of the cluster, to be read in review. Renew: npm run golden
# Labels and annotations that every object has are left out; a unit test looks for them. (secret): never shown.
`;

async function render(): Promise<string> {
    const seen = kubernetesObjects(await recordCallers({ ...GATEWAY, counters: COUNTERS }));
    const pages = seen.sort((a, b) => (a.name < b.name ? -1 : 1)).map(page);
    const file = path.join(__dirname, "callers.yaml");
    return prettier.format(HEADER + pages.join(""), { ...(await prettier.resolveConfig(file)), filepath: file });
}

function page(resource: Seen): string {
    const { __provider, apiVersion, kind, metadata, ...rest } = inputsOf(resource);
    const object = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace }, ...rest };
    const document = new Document(object, { aliasDuplicateObjects: false });
    visit(document, {
        Collection: (_, node) => {
            node.flow = node.toString().length <= 90;
        },
    });
    return `---\n# ${resource.name}\n${document.toString({ lineWidth: 0 })}`;
}

describe("golden callers", () => {
    it("is what was read in review, and shows no secret", async () => {
        const file = path.join(__dirname, "callers.yaml");
        const rendered = await render();
        if (process.env.UPDATE_GOLDEN) writeFileSync(file, rendered);
        assert.ok(existsSync(file), `${file} is missing. Run: npm run golden`);
        assert.equal(rendered, readFileSync(file, "utf8"), "Run npm run golden, and read what changed.");
        assert.match(rendered, /\(secret\)/);
        assert.doesNotMatch(rendered, /generated/);
    });
});
