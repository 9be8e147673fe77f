/**
 * Proves that the example requests that a sandbox shows, and their expected answers, change when a command changes the
 * stack.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { currentStack } from "../../world/stack-facts";
import { readFacts, writeFacts, type StackFacts } from "../../world/state";

const URL = "http://127.0.0.1:30800/alpa";

describe("requests to try in a sandbox", () => {
    let dir: string;
    let runs: number;
    /**
     * Writes the outputs and the state of the fake Pulumi, as a run does. The state file's time is `runs` seconds after
     * 1970.
     */
    const after = (outputs: object) => {
        writeFileSync(join(dir, "outputs.json"), JSON.stringify(outputs));
        writeFileSync(state(), "");
        utimesSync(state(), ++runs, runs);
    };
    const state = () => join(dir, "backend/.pulumi/stacks/alpa-auth/intra.json");
    const keyed = (keys: object) => ({ url: URL, credentials: keys, jwtSecrets: {} });
    const expected = (facts: StackFacts | undefined) =>
        Object.fromEntries((facts?.try ?? []).flatMap((one) => (one.credential ? [[one.title, one.expect]] : [])));

    beforeEach(() => {
        dir = mkdtempSync(join(tmpdir(), "alpa-auth-facts-"));
        runs = 0;
        const bin = join(dir, "bin");
        const stackFiles = join(dir, "stack-files");
        for (const folder of [bin, stackFiles, join(state(), "..")]) mkdirSync(folder, { recursive: true });
        writeFileSync(join(dir, "calls"), "");
        writeFileSync(join(bin, "pulumi"), `#!/bin/sh\nprintf x >> '${dir}/calls'\ncat '${dir}/outputs.json'\n`);
        chmodSync(join(bin, "pulumi"), 0o755);
        writeFileSync(join(stackFiles, "Pulumi.intra.yaml"), "config: {}\n");
        writeFacts(dir, "world", { alpa: "a:1", stackFiles, bin, pulumi: "pulumi", parts: [] });
        writeFacts(dir, "stack", { stack: "intra", url: "", try: [] });
        after(keyed({ "a/k": "1", "b/k": "2" }));
    });
    afterEach(() => rmSync(dir, { recursive: true, force: true }));

    it("expect 401 for a revoked credential, and 200 for an added credential", async () => {
        assert.deepEqual(expected(await currentStack(dir)), { "key of a/k": 200, "key of b/k": 200 });
        after(keyed({ "a/k": "1", "c/k": "3" }));
        const changed = { "key of a/k": 200, "key of c/k": 200, "key of b/k, which is removed": 401 };
        assert.deepEqual(expected(await currentStack(dir)), changed);
        assert.deepEqual(expected(readFacts(dir, "stack")), changed);
        after(keyed({ "a/k": "1", "b/k": "4" }));
        const again = { "key of a/k": 200, "key of b/k": 200, "key of c/k, which is removed": 401 };
        assert.deepEqual(expected(await currentStack(dir)), again);
    });

    it("expect 401 of a service token that the stack file disables", async () => {
        const token = { clientId: "id", clientSecret: "secret" };
        const cloudflare = { edge: "http://127.0.0.1:1" };
        writeFacts(dir, "world", { ...readFacts<object>(dir, "world"), cloudflare });
        const consumers = [{ name: "a", credentials: [{ id: "t", enabled: false }, { id: "u" }] }];
        const text = JSON.stringify({ config: { "alpa-auth:consumers": consumers } });
        writeFileSync(join(dir, "stack-files/Pulumi.cloudflare.yaml"), text);
        writeFileSync(join(dir, "cloudflare-api-token"), "");
        writeFacts(dir, "stack", { stack: "cloudflare", url: "", try: [] });
        after({ url: "https://llm.example.com/alpa", credentials: { "a/t": token, "a/u": token } });
        writeFileSync(state().replace("intra", "cloudflare"), "");
        assert.deepEqual(expected(await currentStack(dir)), {
            "service token of a/t, which is disabled": 401,
            "service token of a/u": 200,
        });
    });
});
