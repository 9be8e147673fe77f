// Proves that the provider uploads and reads Workers like services/workers_script of the released provider, against the API
// emulator.
import assert from "node:assert/strict";
import { cloudflareService } from "../../../plugins/cloudflare/service";
import { ADMIN, TestApi } from "../../cloudflare/kit";
import { plain, providerClient, type Values } from "../provider-client";
import { urnOf } from "./api";

const CONTENT = "export default { fetch: (request) => fetch(request) };\n";

describe("cloudflare provider: Workers", () => {
    let test: TestApi;
    let provider: Awaited<ReturnType<typeof providerClient>>;
    let inputs: Values;
    before(async () => {
        test = await TestApi.start();
        provider = await providerClient(cloudflareService({}), urnOf);
        await provider.configure({ apiToken: ADMIN, baseUrl: test.api.url });
        inputs = {
            accountId: test.account.id,
            ...{ scriptName: "one", content: CONTENT, mainModule: "worker.mjs", compatibilityDate: "2026-01-01" },
        };
    });
    after(async () => {
        provider.close();
        await test.close();
    });

    it("sends the module, then the program's and the provider's metadata", async () => {
        const { id, state } = await provider.create("WorkersScript", inputs);
        assert.equal(id, "one");
        const [{ method, path, body }] = test.api.requests;
        assert.deepEqual([method, path], ["PUT", `/accounts/${test.account.id}/workers/scripts/one`]);
        const parts = Object.entries(body as Record<string, { type: string; text: string }>);
        assert.deepEqual(parts, [
            ["worker.mjs", { type: "application/javascript+module", text: CONTENT }],
            [
                "metadata",
                {
                    type: "application/json",
                    text: '{"compatibility_date":"2026-01-01","logpush":false,"main_module":"worker.mjs","usage_model":"standard"}',
                },
            ],
        ]);
        assert.deepEqual((await provider.diff("WorkersScript", state, inputs)).changes, []);
        const { state: read } = await provider.read("WorkersScript", id, plain(state), inputs);
        assert.deepEqual((await provider.diff("WorkersScript", read, inputs)).changes, []);
        assert.equal(read.content, CONTENT);
    });

    it("detects a manual change of the text, and reverts it", async () => {
        const script = test.account.workerScripts.get("one")!;
        const { state } = await provider.create("WorkersScript", inputs);
        test.account.workerScripts.set("one", { ...script, content: "export default { fetch() {} };" });
        const { state: read } = await provider.read("WorkersScript", "one", plain(state), inputs);
        const { changes, replaces } = await provider.diff("WorkersScript", read, inputs);
        assert.ok(changes.includes("content"));
        assert.deepEqual(replaces, []);
        await provider.update("WorkersScript", read, inputs);
        assert.equal(test.account.workerScripts.get("one")!.content, CONTENT);
    });

    it("detects a deleted Worker, and deletes an existing one", async () => {
        const { state } = await provider.create("WorkersScript", inputs);
        await provider.delete("WorkersScript", "one", plain(state));
        assert.equal(test.account.workerScripts.size, 0);
        assert.equal((await provider.read("WorkersScript", "one", plain(state), inputs)).id, "");
    });
});
