// Proves what the Worker does with a request. The uploaded script runs with the sandbox's globals of the edge. This
// does not prove that Cloudflare runs it the same way.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import * as fc from "fast-check";
import { renderWorker, workerName } from "../../../../components/cloudflare/edge-worker";
import { serviceDescription } from "../../../../components/alpa/service-description";
import { loadModule } from "../../../../sandbox/cloudflare/edge/worker-module";

const HOST = "https://llm.example.com";
const SETTINGS = { hostnames: ["llm.example.com"], prefixes: ["/opt", "/alpa"], model: "default" };
const ADMITTED = { "Cf-Access-Jwt-Assertion": "a.b.c" };
const ORIGIN = new Response("of the origin");

/** Result of a request: the forwarded request, and the answer. */
async function ask(path: string, init: RequestInit = {}, settings = SETTINGS) {
    const passed: Request[] = [];
    const handler = loadModule(renderWorker(settings).content, async (request) => {
        passed.push(request);
        return ORIGIN;
    });
    const { body } = init;
    const length: Record<string, string> =
        typeof body === "string" || body instanceof Uint8Array
            ? { "Content-Length": `${Buffer.byteLength(body)}` }
            : {};
    const sent = new Request(path.startsWith("/") ? HOST + path : path, {
        ...init,
        headers: { ...ADMITTED, ...length, ...(init.headers as Record<string, string>) },
    });
    const answer = (await handler(sent)) as Response;
    return { sent, passed: passed[0] as Request | undefined, answer };
}

const post = (path: string, body: RequestInit["body"], headers: Record<string, string> = {}) =>
    ask(path, { method: "POST", body, headers });
/** Body of the forwarded request. */
async function bodyOf(body: RequestInit["body"], path = "/completions"): Promise<string> {
    const { passed } = await post(path, body);
    return Buffer.from(await passed!.arrayBuffer()).toString();
}

describe("the Worker at the edge", () => {
    for (const path of ["/completions", "/logprobs", "/opt/completions", "/alpa/completions", "/alpa/logprobs"])
        it(`fills in the model of a request to ${path}`, async () => {
            const asked = '{"prompt": "alpa is cool", "max_tokens": "32"}';
            assert.equal(await bodyOf(asked, path), '{"model":"default","prompt": "alpa is cool", "max_tokens": "32"}');
        });

    it("fills in the model of an empty object", async () =>
        assert.equal(await bodyOf(" {} "), ' {"model":"default"} '));

    const kept: [what: string, body: string][] = [
        ["names a model", '{"model": "other", "prompt": "x"}'],
        ["has no model", '{"prompt": "x", "model": null}'],
        ["is a list", '[{"prompt": "x"}]'],
        ["is a text", '"prompt"'],
        ["is no JSON", '{"prompt": "x"'],
        ["is JSON for Python only", '{"temperature": NaN}'],
        ["begins with a byte order mark", '\ufeff{"prompt": "x"}'],
    ];
    for (const [what, body] of kept)
        it(`forwards unchanged a body that ${what}`, async () => assert.equal(await bodyOf(body), body));

    it("forwards unchanged a body that is not UTF-8", async () => {
        const body = Buffer.from('{"prompt": "\xff"}', "latin1");
        const { passed } = await post("/completions", new Uint8Array(body));
        assert.deepEqual(Buffer.from(await passed!.arrayBuffer()), body);
    });

    it("fills in the model of a body of exactly its limit", async () => {
        const asked = `{"prompt": "${"x".repeat(65536 - 14)}"}`;
        assert.equal(asked.length, 65536);
        assert.equal(await bodyOf(asked), asked.replace("{", '{"model":"default",'));
    });

    it("reads no body above its limit, and none of an unknown length", async () => {
        const large = `{"prompt": "${"x".repeat(65536)}"}`;
        for (const headers of [{ "Content-Length": `${large.length}` }, { "Content-Length": "" }]) {
            const { sent, passed } = await post("/completions", large, headers);
            assert.equal(passed, sent);
            assert.equal(sent.bodyUsed, false);
        }
    });

    it("changes only the model of a request, whatever else it contains", async () => {
        const value = fc.jsonValue().filter((one) => typeof one === "object" && one !== null && !Array.isArray(one));
        await fc.assert(
            fc.asyncProperty(value, async (asked) => {
                const given = asked as Record<string, unknown>;
                const expected = Object.hasOwn(given, "model") ? given : { model: "default", ...given };
                assert.deepEqual(JSON.parse(await bodyOf(JSON.stringify(given))), JSON.parse(JSON.stringify(expected)));
            }),
            { numRuns: 50 },
        );
    });

    it("keeps the headers, also those of Access, the address and the method", async () => {
        const headers = { "Content-Type": "application/json", "CF-Access-Client-Id": "x.access", "X-Any": "1" };
        const { passed, answer } = await post("/opt/completions?a=b", '{"prompt":"x"}', headers);
        assert.equal(passed!.url, `${HOST}/opt/completions?a=b`);
        assert.equal(passed!.method, "POST");
        for (const [name, value] of Object.entries({ ...ADMITTED, ...headers }))
            assert.equal(passed!.headers.get(name), value);
        assert.equal(answer, ORIGIN);
    });

    const elsewhere: [method: string, path: string][] = [
        ["POST", "/opt/"],
        ["POST", "/other/completions"],
        ["POST", "/completions/"],
        ["POST", "/Completions"],
        ["PUT", "/completions"],
        ["GET", "/completions"],
        ["GET", "/opt"],
        ["GET", "/"],
        ["GET", "/other/"],
    ];
    for (const [method, path] of elsewhere)
        it(`forwards ${method} ${path} unchanged`, async () => {
            const { sent, passed } = await ask(path, {
                method,
                ...(method === "GET" ? {} : { body: '{"prompt":"x"}' }),
            });
            assert.equal(passed, sent);
            assert.equal(sent.bodyUsed, false);
        });

    it("describes the service below each prefix like the gateway of the other options", async () => {
        for (const path of ["/opt/", "/alpa/", "/alpa/?a=b"]) {
            const { passed, answer } = await ask(path);
            assert.equal(passed, undefined);
            assert.equal(answer.status, 200);
            assert.equal(answer.headers.get("Content-Type"), "application/json");
            assert.deepEqual(await answer.json(), serviceDescription("/opt", "default"));
        }
        const { answer } = await ask("/opt/", { method: "HEAD" });
        assert.deepEqual([answer.status, await answer.text()], [200, ""]);
    });

    it("forwards what Access has not admitted: the connector rejects it", async () => {
        for (const path of ["/alpa/", "/completions"]) {
            const method = path === "/alpa/" ? "GET" : "POST";
            const sent = new Request(HOST + path, { method });
            const handler = loadModule(renderWorker(SETTINGS).content, async (request) => ({ request }));
            assert.deepEqual(await handler(sent), { request: sent });
        }
    });

    it("answers 404 below a name that Access does not protect, without a request to the origin", async () => {
        const { passed, answer } = await ask("https://alpa.account.workers.dev/alpa/");
        assert.deepEqual([passed, answer.status], [undefined, 404]);
    });

    it("treats any model name as text: none of it is code", async () => {
        await fc.assert(
            fc.asyncProperty(fc.string({ minLength: 1, unit: "grapheme" }), async (model) => {
                const named = { ...SETTINGS, model };
                const { passed } = await ask("/completions", { method: "POST", body: "{}" }, named);
                assert.deepEqual(await passed!.json(), { model });
                const { answer } = await ask("/alpa/", {}, named);
                assert.equal(((await answer.json()) as { model: string }).model, model);
            }),
            { numRuns: 50, examples: [['"};throw 1;//'], ["`${1}`"], ["</script>"], ["\u2028$&"]] },
        );
    });

    it("is the code of its file without the comments, which may then change without a diff", () => {
        const file = join(__dirname, "../../../../components/cloudflare/edge-worker.mjs");
        const { content } = renderWorker(SETTINGS);
        const [settings, text] = [content.split("\n\n", 1)[0], content.slice(content.indexOf("\n\n") + 2)];
        assert.match(settings, /^const SETTINGS = \{.*\};$/);
        const code = (source: string) => transformSync(source, { minifyWhitespace: true, legalComments: "none" }).code;
        assert.equal(code(text), code(readFileSync(file, "utf8")));
        assert.doesNotMatch(text, /^ *(\/\/|\/\*)/m);
    });

    it("has a name that Cloudflare accepts, whatever the stack's", () => {
        assert.equal(workerName("alpa-auth/Prod_1.eu"), "alpa-auth-prod-1-eu");
    });
});
