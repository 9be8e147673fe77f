// Proves that the requests to try of stack openai are those of an OpenAI SDK, and that its stack file gets the server's address.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOpenAiServer, type Served } from "../../openai/server";
import { attempts, tryOut } from "../../world/attempts";
import { serviceOf } from "../../world/openai-requests";

const STACK = `config:
  alpa-auth:option: inter
  alpa-auth:openai: { endpoints: ["10.20.96.188:8000"], models: [big, small] }
  alpa-auth:consumers:
    - { name: team, models: [small], credentials: [{ id: k1, method: key }] }
`;

describe("stack openai of the sandbox", () => {
    it("has requests to try with a key as a Bearer token, and with a model that the caller may use", async () => {
        const served: Served[] = [];
        const onRequest = (one: Served) => void served.push(one);
        const server = await startOpenAiServer({ port: 0, models: ["big", "small"], apiKey: "key-of-team", onRequest });
        const dir = mkdtempSync(join(tmpdir(), "alpa-auth-openai-"));
        try {
            const credentials = { keys: { "team/k1": "key-of-team" }, jwtSecrets: {}, namespace: "ns" };
            const url = `http://127.0.0.1:${server.port}/v1`;
            const list = await attempts(dir, url, credentials, serviceOf(STACK));
            assert.ok(
                list.every(({ command }) => !command.includes("key-of-team")),
                "no key on a command line",
            );
            // Without the gateway in front of it, the server answers the request for another model itself.
            for (const attempt of list.filter(({ expect }) => ![403, 404].includes(expect)))
                assert.equal((await tryOut(attempt)).status, attempt.expect, attempt.title);
            const models = served
                .filter(({ generated }) => generated > 0)
                .map(({ body }) => JSON.parse(body.toString()));
            assert.deepEqual(
                models.map(({ model, stream = false }) => [model, stream]),
                [
                    ["small", false],
                    ["small", true],
                ],
            );
            assert.deepEqual(
                list.map(({ expect }) => expect),
                [401, 401, 200, 200, 200, 403, 404],
            );
        } finally {
            await server.close();
            rmSync(dir, { recursive: true, force: true });
        }
    });
});
