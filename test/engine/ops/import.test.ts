// Proves the operators' commands for keys that a caller brings, and for keys that were deleted in the cluster by hand.
// The engine and the API server are real; the gateway is an emulator compared with recordings.
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api } from "@kubernetes/client-node";
import { call, current, succeeded, TestStack, useWorld } from "../kit";
import { Operator } from "../kit/ops";

describe("npm run ops, with keys from elsewhere", () => {
    useWorld();
    let stack: TestStack;
    let file: string;
    let url: string;
    const operator = new Operator("imports");

    before(async () => {
        stack = await TestStack.create("imports", {
            consumers: [
                { name: "alice", credentials: [{ id: "k1", method: "key" }] },
                { name: "tokens", credentials: [{ id: "hs", method: "jwt", algorithm: "HS256" }] },
            ],
        });
        file = join(current().world.facts.stackFiles, "Pulumi.imports.yaml");
        succeeded(await stack.up());
        url = (await stack.outputs()).url;
    });
    after(async () => {
        await stack.destroy();
    });

    const status = async (headers: Record<string, string>) => (await call(url, { headers })).status;

    it("import lets a caller keep its key, and writes it to no file in plain text", async () => {
        const jwt = (await operator.done("token issue tokens hs --ttl 15m", { secret: true })).out.trim();
        const brought = "a-key-of-a-caller-0123456789";
        const keys = join(current().dir, "keys_file.json");
        writeFileSync(keys, JSON.stringify({ allowed_api_keys: [brought] }));
        await operator.done(`consumer import ${keys} --names brought --yes`);
        assert.equal(await status({ apikey: brought }), 200);
        assert.ok(!readFileSync(file, "utf8").includes(brought));
        // Revokes another credential while the file contains the encrypted key. The key must stay valid.
        assert.match((await operator.done("consumer revoke tokens hs --yes")).out, /tokens\/hs: rejected/);
        assert.equal(await status({ Authorization: `Bearer ${jwt}` }), 401);
        assert.equal(await status({ apikey: brought }), 200);
        assert.match((await operator.done("consumer remove brought --yes")).out, /brought\/imported: rejected/);
        const { processes, typed, said } = operator;
        assert.match(processes.join("\n"), /ops\/alpa-auth\.js/, "the list was taken while the commands ran");
        for (const place of [...processes, ...typed, said]) assert.ok(!place.includes(brought));
    });

    it("list reports a credential that was deleted by hand", async () => {
        const core = current().world.kubeConfig.makeApiClient(CoreV1Api);
        await core.deleteNamespacedSecret({ namespace: "imports", name: "alice.k1" });
        const { code, out, note } = await operator.run("consumer list --check");
        assert.equal(code, 3, out + note);
        assert.match(out, /│ alice +│ k1 .*│ MISSING │.*! Secret missing/);
        succeeded(await stack.up("--refresh"));
        await operator.done("consumer list --check");
    });
});
