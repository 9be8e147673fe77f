// Proves the requests of the command to a stack with an OpenAI-compatible server, with the rendered plugins and emulators of
// the gateway and of vLLM.
import { strict as assert } from "node:assert";
import { stringify } from "yaml";
import { claimKey } from "../../../../components/consumers/consumer";
import type { OpenaiPath } from "../../../../components/openai/paths";
import { keyOf, MODEL, NAMESPACE, OTHER_MODEL, startOpenAiGateway } from "../../components/openai/kit";
import { bench, exits } from "../kit";

const SECRET = "SECRET-of-smoke-0123456789-abcdefgh";
type Gateway = Awaited<ReturnType<typeof startOpenAiGateway>>;

const stack = ({ models, paths, ...more }: { models?: string[]; paths?: OpenaiPath[]; option?: string } = {}) =>
    stringify({
        config: {
            "alpa-auth:option": more.option ?? "inter",
            "alpa-auth:namespace": NAMESPACE,
            "alpa-auth:openai": {
                endpoints: ["10.0.0.11:8000"],
                models: [OTHER_MODEL, MODEL],
                ...(paths && { paths }),
            },
            "alpa-auth:gateway": { address: "127.0.0.1" },
            "alpa-auth:consumers": [
                {
                    ...{ name: "smoke", models },
                    credentials: [
                        { id: "k", method: "key" },
                        { id: "hs", method: "jwt", algorithm: "HS256" },
                    ],
                },
            ],
        },
    });

describe("ops check smoke, of an OpenAI-compatible server", () => {
    let gateway: Gateway;
    const start = async (...more: [server?: object, paths?: OpenaiPath[]]) => {
        gateway = await startOpenAiGateway({ smoke: { models: [MODEL] } }, ...more);
        const token = { key: claimKey(NAMESPACE, "smoke", "hs"), algorithm: "HS256", secret: SECRET };
        await gateway.put(`/consumers/${NAMESPACE}_smoke/credentials/hs`, { plugins: { "jwt-auth": token } });
    };
    afterEach(() => gateway?.close());
    const outputs = (url = gateway.url) => ({
        url,
        credentials: { "smoke/k": keyOf("smoke") },
        jwtSecrets: { "smoke/hs": SECRET },
    });
    const run = (text: string, of = outputs()) => bench({ text, outputs: of }).ops("check", "smoke", "--json");

    it("calls every path with each credential, as apikey and as Bearer, and asks for what is closed", async () => {
        await start();
        const { out, note } = await exits(0, run(stack({ models: [MODEL] })));
        const rows = JSON.parse(out).checks.map(({ check, route, got }: any) => `${check}, ${route}: ${got}`);
        const all = (check: string, got: number) =>
            ["chat/completions", "completions", "embeddings", "models"].map((route) => `${check}, ${route}: ${got}`);
        assert.deepEqual(rows, [
            ...all("no credential", 401),
            ...all("wrong key", 401),
            ...all("wrong key as Bearer", 401),
            ...all("wrong token", 401),
            ...all("key", 200),
            ...all("key as Bearer", 200),
            ...all("expired token", 401),
            ...all("token signed with another secret", 401),
            ...all("token", 200),
            "closed path, responses: 404",
            "unknown model, chat/completions: 403",
        ]);
        assert.equal(gateway.served.length, 9);
        assert.doesNotMatch(out + note, new RegExp(`${keyOf("smoke")}|${SECRET}`));
    });

    it("calls only the paths of the stack, and fails where others are open", async () => {
        await start({}, ["embeddings"]);
        const { out } = await exits(0, run(stack({ models: [MODEL], paths: ["embeddings"] })));
        const routes = JSON.parse(out).checks.map(({ route }: any) => route);
        assert.deepEqual([...new Set(routes)], ["embeddings", "responses"]);
    });

    it("fails with the server's words where the model of the caller is not the server's", async () => {
        await start({ models: ["another"] });
        const { out } = await exits(3, run(stack({ models: [MODEL] })));
        const wrong = JSON.parse(out).checks.filter(({ ok }: any) => !ok);
        assert.equal(wrong.length, 9);
        assert.equal(wrong[0].meaning, `answered 404 "The model \`${MODEL}\` does not exist."`);
    });
});
