// Proves against recordings of Alpa's own client and of Alpa, with and without credentials: the same request and the same
// result where that client is right, a typed error where it is wrong, and no request to any other host. The recordings are not
// part of this repository.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiKey, Client, Jwt, ServiceToken, type ClientOptions } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { startAlpa } from "../../../sandbox/alpa/server";
import { VALUES } from "./corpus";
import { ALPA, RECORDED } from "./typescript-recorded";
import { JSON_TYPE, outcome, RESULT, says, Server } from "./typescript-server";

const READY = VALUES.tokens.good;

describe("TypeScript client compared with Alpa's own", () => {
    let server: Server;
    /** Replaces every other host of the recordings. */
    let other: Server;
    before(async () => ([server, other] = await Promise.all([Server.start(), Server.start()])));
    beforeEach(() => {
        server.clear();
        other.clear();
    });
    after(() => Promise.all([server.close(), other.close()]));
    const options: ClientOptions = { maxAttempts: 1 };
    const here = (text: string) =>
        text.replaceAll("http://gateway.example.com", server.url).replaceAll("http://login.example.net", other.url);

    it("has an expectation for every recorded answer, and for no other", () => {
        const corpus = JSON.parse(readFileSync(join(__dirname, "../../../client/corpus/recorded.json"), "utf8"));
        const known = corpus.cases.map(({ name }: { name: string }) => name).sort();
        const found = RECORDED.cases.map(({ id }: { id: string }) => id).sort();
        assert.deepEqual(found.length === 0 ? known : found, known);
    });

    for (const { id, call, args, kwargs, client, sent } of RECORDED.sends)
        it(`sends the same request, once: ${id}`, async () => {
            const [first] = sent;
            const theirs = new Headers(first.headers);
            const [key, clientId] = [theirs.get("apikey"), theirs.get("cf-access-client-id")];
            const clientSecret = theirs.get("cf-access-client-secret") ?? undefined;
            // Alpa's client replaces the token by a password of ~/.netrc.
            const auth = clientId
                ? new ServiceToken({ clientId, clientSecret })
                : key
                  ? new ApiKey(key)
                  : theirs.has("authorization")
                    ? new Jwt({ token: READY })
                    : undefined;
            const redirect = /302/.test(client.url);
            server.respond = redirect
                ? says(302, { Location: `${other.url}/login-html` }, "")
                : says(200, JSON_TYPE, `${RESULT.slice(0, -1)},"cache_id":"c","logprobs":[],"indices":[]}`);
            const more = {
                ...{ minTokens: kwargs.min_tokens, maxTokens: kwargs.max_tokens, topP: kwargs.top_p },
                ...{ temperature: kwargs.temperature, echo: kwargs.echo, model: kwargs.model },
                ...{ topK: kwargs.top_k, cacheId: kwargs.cache_id },
            };
            const made = new Client({ ...options, url: here(client.url), auth, apiKey: client.api_key });
            const done = call === "completions" ? made.completions(args[0], more) : made.logprobs(args[0], more);
            if (redirect) assert.ok((await outcome(done)) instanceof errors.RedirectError);
            else await done;
            assert.deepEqual([server.seen.length, other.connections], [1, 0]);
            const fields = Object.entries(first.json).filter(([name, value]) => name !== "api_key" || value !== null);
            // Alpa treats null like a missing key; this client omits the field.
            assert.deepEqual(Object.entries(JSON.parse(server.bodies[0])), fields);
            assert.deepEqual([server.seen[0].method, server.seen[0].url], ["POST", first.path]);
            const { headers } = server.seen[0];
            assert.ok(headers.cookie === undefined && headers["content-type"] === "application/json");
            const ours = ["apikey", "authorization", "cf-access-client-id", "cf-access-client-secret"];
            const expected = Object.keys((await auth?.headers()) ?? {}).map((name) => name.toLowerCase());
            assert.deepEqual(ours.filter((name) => name in headers).sort(), expected.sort());
        });

    for (const { id, request, response } of ALPA.cases)
        for (const [i, one] of [response].flat().entries()) {
            // The recordings have only the size of long lists.
            const body =
                one?.body && JSON.parse(JSON.stringify(one.body).replace(/"<1x300>"/g, `[[${"0,".repeat(299)}0]]`));
            if (typeof body !== "object" || body === null || request?.path === undefined) continue;
            it(`reads what Alpa was recorded to answer: ${id}${i === 0 ? "" : ` (${i + 1})`}`, async () => {
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
        it(`gets the same from Alpa's service: ${id}`, async () => {
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
