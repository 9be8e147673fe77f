// Compares the TypeScript client with recordings of Alpa's own client and of Alpa, with and without credentials. If
// Alpa's client is right, the request and the result must be the same. If Alpa's client is wrong, the TypeScript client
// must throw a typed error, and must send no request to another host. The recordings are not part of this repository.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiKey, Client, type ClientOptions } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { startAlpa } from "../../../sandbox/alpa/server";
import { credentialOf } from "./corpus";
import { runCall } from "./corpus-calls";
import { ALPA, RECORDED } from "./typescript-recorded";
import { JSON_TYPE, outcome, says, Server } from "./typescript-server";

const ANY_RESULT = { choices: [], cache_id: "c", logprobs: [], indices: [] };
const NO_CREDENTIAL = {
    apikey: null,
    Authorization: null,
    "CF-Access-Client-Id": null,
    "Content-Type": "application/json",
};
const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

describe("TypeScript client compared with Alpa's own", () => {
    let server: Server;
    before(async () => (server = await Server.start()));
    beforeEach(() => server.clear());
    after(() => server.close());
    const options: ClientOptions = { maxAttempts: 1 };

    it("has an expectation for every recorded answer, and for no other", () => {
        const corpus = JSON.parse(readFileSync(join(__dirname, "../../../client/corpus/recorded.json"), "utf8"));
        const known = corpus.cases.map(({ name }: { name: string }) => name).sort();
        const found = RECORDED.cases.map(({ id }: { id: string }) => id).sort();
        assert.deepEqual(found.length === 0 ? known : found, known);
    });

    for (const { id, call, args, kwargs, client, sent } of RECORDED.sends)
        it(`sends the same request, once: ${id}`, async () => {
            const [{ headers, json, path }] = sent;
            const theirs = new Headers(headers);
            const [key, clientId] = [theirs.get("apikey"), theirs.get("cf-access-client-id")];
            const pair = { clientId, clientSecret: theirs.get("cf-access-client-secret") };
            // In these recordings, Alpa's client has replaced the token by a password of ~/.netrc.
            const auth = clientId
                ? { ServiceToken: pair }
                : key
                  ? { ApiKey: key }
                  : theirs.has("authorization") && "a token";
            const own = await credentialOf(auth || null)?.headers();
            // Alpa's client sends null for a missing key. This client omits the field, which has the same effect.
            const body = Object.entries(json).filter(([name, value]) => name !== "api_key" || value !== null);
            const redirect = client.url.includes("302");
            const fields = {
                ...{ auth: auth || null, method: call, path: new URL(client.url).pathname, prompt: args[0] },
                client: { apiKey: client.api_key ?? null },
                arguments: Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [camel(name), value])),
                answers: redirect ? ["302\nLocation: http://localhost:{port}/login-html"] : [{ body: ANY_RESULT }],
                ...(redirect && { error: "RedirectError" }),
                sends: { path, body: Object.fromEntries(body), headers: { ...NO_CREDENTIAL, ...own } },
            };
            await runCall(fields, {});
        });

    for (const { id, request, response } of ALPA.cases)
        for (const [i, one] of [response].flat().entries()) {
            // The recordings contain only the size of a long list, so fill the list with zeros.
            const body =
                one?.body && JSON.parse(JSON.stringify(one.body).replace(/"<1x300>"/g, `[[${"0,".repeat(299)}0]]`));
            if (typeof body !== "object" || body === null || request?.path === undefined) continue;
            it(`reads the recorded answer of Alpa: ${id}${i === 0 ? "" : ` (${i + 1})`}`, async () => {
                server.respond = says(one.status, one.headers["content-type"] ? JSON_TYPE : {}, JSON.stringify(body));
                const client = new Client({ ...options, url: server.url, auth: new ApiKey("KEY-of-team") });
                const method = "logprobs" in body ? "logprobs" : "completions";
                if (one.status === 200) return assert.deepEqual(await client[method]("a"), body);
                const error = await outcome(client[method]("a"));
                assert.ok(error instanceof errors.AlpaError, String(error));
                assert.equal(error.stacktrace, body.stacktrace);
                const said = String(body.message).replace(/\s+/g, " ").trim().slice(0, 300);
                assert.ok(error.message.includes(said));
            });
        }

    for (const { id, call, args, kwargs, outcome: theirs } of RECORDED.realServer)
        it(`gets the same result as Alpa's client from Alpa's service: ${id}`, async () => {
            const service = await startAlpa({ port: 0, batchWindow: async () => undefined });
            try {
                const client = new Client({ url: `http://127.0.0.1:${service.port}` });
                assert.equal(call, "completions");
                const options = { maxTokens: kwargs.max_tokens, temperature: kwargs.temperature };
                const result = client.completions(args[0], options);
                if (theirs.returned !== undefined) {
                    const { choices, ...others } = await result;
                    assert.deepEqual(choices, theirs.returned.choices);
                    assert.deepEqual(Object.keys(others), ["id", "object", "created"]);
                    return;
                }
                const error = await outcome(result);
                assert.ok(error instanceof errors.AlpaError && error.stacktrace !== "");
                const [, message] = /RuntimeError\("(.*)"\)$/.exec(theirs.raised.text)!;
                assert.ok(error.message.includes(message));
            } finally {
                await service.close();
            }
        });
});
