// Proves how the gateway handles callers' requests: which ones reach Alpa, what Alpa sees of them, and the format of every
// error. The gateway is an emulator.
import { strict as assert } from "node:assert";
import { claimKey } from "../../../components/consumers/consumer";
import { call, current, succeeded, takeAlpaRequests, TestStack, useWorld } from "../kit";
import { hs256, now } from "../kit/tokens";
import { rawRequest } from "../kit/raw-request";

const consumers = [
    {
        name: "alice",
        credentials: [
            { id: "k1", method: "key" },
            { id: "hs", method: "jwt", algorithm: "HS256" },
        ],
    },
];
const pathPrefix = "/alpa-opt-service";
const SETTINGS = { consumers, pathPrefix };
/** The body of a request without a model, and with numbers as texts. A caller who knows only the address can send it. */
const NUMBERS_AS_TEXTS = { prompt: "alpa is cool", max_tokens: "32", temperature: "0.4", top_p: "0.3" };

describe("the route", () => {
    useWorld();
    let stack: TestStack;
    let url: string;
    let key: string;
    let token: string;

    before(async () => {
        stack = await TestStack.create("route", SETTINGS);
        succeeded(await stack.up());
        const outputs = await stack.outputs();
        url = outputs.url;
        key = outputs.credentials["alice/k1"];
        const claims = { key: claimKey("route", "alice", "hs"), exp: now() + 600 };
        token = hs256(claims, outputs.jwtSecrets["alice/hs"]);
    });
    after(async () => {
        await stack.destroy();
    });

    for (const path of ["/completions", "/logprobs", "//completions"])
        it(`forwards POST ${path} to Alpa`, async () => {
            const body = path.includes("logprobs")
                ? { model: "default", prompt: "Paris is", top_k: 5 }
                : { model: "default", prompt: "Paris is", max_tokens: 4 };
            const answer = await call(url, { path, key, body });
            assert.equal(answer.status, 200, answer.body);
        });

    const closed: [what: string, method: string, path: string][] = [
        ["the prefix without a path", "GET", ""],
        ["another method at the root", "POST", "/"],
        ["another path", "POST", "/other"],
        ["a path below an allowed one", "POST", "/completions/more"],
        ["another method", "GET", "/completions"],
        ["PUT, which Alpa would accept", "PUT", "/completions"],
        ["a path that leaves the prefix", "POST", "/../logprobs"],
        ["Alpa's path without the prefix", "POST", "/../completions"],
    ];
    for (const [what, method, path] of closed)
        it(`answers ${what} with an Alpa-shaped 404, before Alpa`, async () => {
            takeAlpaRequests();
            const answer = await raw(method, `/alpa${path}`, { apikey: key });
            assert.equal(answer.status, 404);
            assertAlpaError(answer);
            assert.deepEqual(takeAlpaRequests(), []);
        });

    it("describes itself, with example requests that work as printed", async () => {
        takeAlpaRequests();
        for (const path of ["/alpa/", `${pathPrefix}/`]) {
            const stranger = await raw("GET", path, {});
            assert.equal(stranger.status, 401);
            assertAlpaError(stranger);
            const credentials: Record<string, string>[] = [{ apikey: key }, { Authorization: token }];
            for (const credential of credentials) {
                const { status, type, challenge } = await raw("GET", path, credential);
                assert.deepEqual([status, type, challenge], [200, "application/json", undefined]);
            }
        }
        const { requests, headers } = JSON.parse((await raw("GET", `${pathPrefix}/`, { apikey: key })).body);
        assert.deepEqual(takeAlpaRequests(), []);
        for (const { path, body } of requests) {
            const answer = await call(url.replace(pathPrefix, ""), { path, key, body, headers });
            assert.equal(answer.status, 200, answer.body);
        }
        assert.equal((await raw("GET", `/alpa/?apikey=${key}`, {})).status, 404);
    });

    for (const [what, credential] of [
        ["a key", () => ({ apikey: key })],
        ["a token without Bearer", () => ({ Authorization: token })],
    ] as const)
        it(`answers a request with ${what}, numbers as strings and no model, as Alpa itself would with a model`, async () => {
            takeAlpaRequests();
            for (const path of [`${pathPrefix}/completions`, "/alpa/completions"]) {
                const { status, body } = await raw("POST", path, credential(), NUMBERS_AS_TEXTS);
                assert.equal(status, 200, body);
                assert.equal(JSON.parse(body).object, "text_completion");
            }
            for (const { path, body } of takeAlpaRequests()) {
                assert.equal(path, "/completions");
                assert.deepEqual(JSON.parse(body.toString()), { model: "default", ...NUMBERS_AS_TEXTS });
            }
        });

    it("rejects a query string after authentication, so that no key in it can reach Alpa", async () => {
        takeAlpaRequests();
        assert.equal((await call(url, { path: `/completions?apikey=${key}` })).status, 401);
        const answer = await call(url, { path: `/completions?apikey=${key}`, key });
        assert.equal(answer.status, 400);
        assert.match(JSON.parse(answer.body).message, /query string/);
        assert.deepEqual(takeAlpaRequests(), []);
    });

    it("keeps keys, tokens and names of the caller from Alpa, whatever the caller sends", async () => {
        takeAlpaRequests();
        const sent = {
            Authorization: "Bearer token-of-the-caller",
            Cookie: "jwt=cookie-of-the-caller",
            "Proxy-Authorization": "Basic secret-of-the-caller",
            "X-Consumer-Username": "another-caller",
            "X-Credential-Identifier": "another-caller",
            "X-Consumer-Custom-ID": "another-caller",
            X_Consumer_Username: "another-caller",
            "X-Credential_Identifier": "another-caller",
            "CF-Access-Client-Secret": "secret-of-the-caller",
        };
        const answer = await raw("POST", "/alpa/completions", { ...sent, apikey: key });
        assert.equal(answer.status, 200, answer.body);
        const [seen] = takeAlpaRequests();
        const text = JSON.stringify(seen);
        for (const forbidden of [key, "-of-the-caller", "another-caller", "x-consumer", "apikey", "alpa-auth_alice"])
            assert.ok(!text.toLowerCase().includes(forbidden.toLowerCase()), `${forbidden} reached Alpa: ${text}`);
    });

    it("answers 401 to a token whose header or claims are no JSON object, as to any other invalid token", async () => {
        const part = (json: string) => Buffer.from(json).toString("base64url");
        for (const json of ["null", "true", "1", '"text"', "[]"])
            for (const token of [
                [json, '{"key":"x"}'],
                ['{"alg":"HS256"}', json],
            ].map((both) => both.map(part).join("."))) {
                const answer = await raw("POST", "/alpa/completions", { Authorization: `Bearer ${token}.c2ln` });
                assert.equal(answer.status, 401, `${json}: ${answer.body}`);
                assertAlpaError(answer);
            }
    });

    it("accepts a valid token in Authorization only, and in no cookie or query string", async () => {
        const { jwtSecrets } = await stack.outputs();
        const token = hs256({ key: `${stack.name}_alice.hs`, exp: now() + 600 }, jwtSecrets["alice/hs"]);
        const ask = (path: string, headers: Record<string, string>) => raw("POST", `/alpa/completions${path}`, headers);
        assert.equal((await ask("", { Authorization: token })).status, 200);
        for (const name of ["never-in-a-cookie", "jwt", "", "="])
            assert.equal((await ask("", { Cookie: `a=b; ${name}=${token}` })).status, 401, `cookie "${name}"`);
        for (const name of ["never-in-the-query", "jwt", "", "&"])
            assert.equal((await ask(`?${name}=${token}`, {})).status, 401, `argument "${name}"`);
    });

    it("sends Alpa the client address that the gateway saw, not the address that the caller claims", async () => {
        takeAlpaRequests();
        await raw("POST", "/alpa/completions", { apikey: key, "X-Forwarded-For": "203.0.113.9, 10.0.0.1" });
        const [seen] = takeAlpaRequests();
        const told = seen.headers.filter((_, i) => seen.headers[i - 1]?.toLowerCase() === "x-forwarded-for");
        // Behind a real gateway, Alpa sees the address of the node (127.0.0.2) instead of 127.0.0.1.
        assert.match(told.join(), /^127\.0\.0\.[12]$/);
    });

    it("passes Alpa's own errors on unchanged", async () => {
        const answer = await call(url, { key, body: { model: "unknown", prompt: "x" } });
        assert.equal(answer.status, 400);
        assert.match(JSON.parse(answer.body).message, /Model 'unknown' is not registered/);
        assert.notEqual(JSON.parse(answer.body).stacktrace, "");
    });

    // To save two runs of Pulumi, the last two tests do not restore the stack's config.
    it("answers with an Alpa-shaped 502 when Alpa is down, after one try", async () => {
        stack.configure({ ...SETTINGS, alpa: { endpoints: ["127.0.0.1:9"] } });
        succeeded(await stack.up());
        const answer = await call(url, { key });
        assert.equal(answer.status, 502);
        assertAlpaError({ ...answer, type: answer.headers.get("content-type") ?? "" });
    });

    it("answers with an Alpa-shaped 504 when an answer takes longer than the limit, and does not retry", async () => {
        const { facts } = current().world;
        stack.configure({
            ...SETTINGS,
            alpa: { endpoints: [facts.alpa], answerTimeoutSeconds: 1 },
            guard: { maxPrompts: 12 },
        });
        succeeded(await stack.up());
        takeAlpaRequests();
        // The prompts need several batches, and together these take longer than the answer timeout.
        const prompt = Array.from({ length: 12 }, (_, i) => `${i}`);
        const body = { model: "default", prompt, max_tokens: 512 };
        const answer = await call(url, { key, body });
        assert.equal(answer.status, 504, answer.body);
        assertAlpaError({ ...answer, type: answer.headers.get("content-type") ?? "" });
        assert.equal(takeAlpaRequests().length, 1);
    });

    const raw = (method: string, path: string, headers: Record<string, string>, sent?: object) =>
        rawRequest(stack.nodePort, path, { method, headers, sent });
});

function assertAlpaError(answer: { type: string; body: string }): void {
    assert.equal(answer.type, "application/json");
    const { type, message, stacktrace } = JSON.parse(answer.body);
    assert.equal(type, "error");
    assert.equal(typeof message, "string");
    assert.equal(stacktrace, "");
}
