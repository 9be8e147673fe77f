// Golden file of a cluster of three nodes: the commands on its hosts, and their order. Tests on
// sandbox hosts prove what the scripts do. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import { stringify } from "yaml";
import { asked, inputsOf, plain, type Seen } from "../kit";
import { recordNodes, SUDO_PASSWORD, THREE } from "../unit/kit/cluster-nodes";
import { assertReviewed, formatted } from "./file";

const HEADER = `# Commands of a cluster of three nodes on its hosts, for review. Regenerate: npm run golden
# The scripts come by standard input; they contain the secrets and are left out. after: steps that must end before.
`;
const nameOf = (urn: string) => urn.split("::").pop()!;

async function render(): Promise<string> {
    const seen = await recordNodes({ nodes: THREE });
    const commands = seen.filter(({ type }) => type === "command:remote:Command");
    const text =
        HEADER +
        commands
            .sort((a, b) => (a.name < b.name ? -1 : 1))
            .map(page)
            .join("");
    return formatted("expected/microk8s.yaml", text);
}

function page(resource: Seen): string {
    const { create, delete: remove } = inputsOf(resource);
    const { host } = plain(resource.inputs.connection) as { host: string };
    const after = asked(resource).dependsOn.map(nameOf).sort();
    const lines = { on: host, create, delete: remove, after };
    return `---\n# ${resource.name}\n${stringify(lines, { lineWidth: 0 })}`;
}

describe("golden MicroK8s", () => {
    it("matches the reviewed file", async () => {
        const rendered = await render();
        assertReviewed("expected/microk8s.yaml", rendered);
    });

    it("shows no secret", async () => {
        const rendered = await render();
        for (const secret of [SUDO_PASSWORD, "PRIVATE KEY"]) assert.ok(!rendered.includes(secret));
    });
});
