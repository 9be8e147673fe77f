// Proves against recordings of Alpa's own client and of Alpa, with and without credentials: the same request and the same
// result where that client is right, a typed error where it is wrong, and no request to any other host. The recordings are not
// part of this repository.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
    ApiKey,
    Client,
    Jwt,
    ServiceToken,
    type ClientOptions,
    type Credential,
} from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { startAlpa } from "../../../sandbox/alpa/server";
import { far, token } from "./typescript-problems";
import { JSON_TYPE, outcome, RESULT, says, Server } from "./typescript-server";

const shared = process.env.ALPA_AUTH_SHARED ?? join(__dirname, "../../../../shared");
const read = (name: string, otherwise: object) => {
    const file = join(shared, "reference/data/recorded", name);
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : otherwise;
};
const recorded = read("alpa-client.json", { cases: [], sends: [], realServer: [] });
const alpa = read("alpa-http.json", { cases: [] });

type Kind = keyof typeof errors;
/**
 * Cases in which Alpa's client returns a gateway's answer, follows a redirect or fails in its own JSON parser: the error here
 * with a credential, and without one where that differs.
 */
const HERE: Record<string, [withOne: Kind, withNone?: Kind]> = {
    "alpa-error-400": ["AlpaError"],
    "403-consumer": ["NotAllowedError", "MissingCredentialError"],
    "404-route": ["RequestRefusedError"],
    "413-html": ["RequestRefusedError"],
    "429-error-msg": ["RateLimitedError"],
    "429-retry-after": ["RateLimitedError"],
    "429-envelope": ["RateLimitedError"],
    "503-html": ["ModelUnreachableError"],
    "401-envelope": ["InvalidCredentialError", "MissingCredentialError"],
    "envelope-null-stacktrace": ["InvalidCredentialError", "MissingCredentialError"],
    "envelope-html-type": ["InvalidCredentialError", "MissingCredentialError"],
    "empty-401": ["InvalidCredentialError", "MissingCredentialError"],
    "error-object-openai": ["InvalidCredentialError", "MissingCredentialError"],
    "302-login-other-host": ["RedirectError"],
    "307-other-host": ["RedirectError"],
    "301-https-like": ["RedirectError"],
    "403-cf-1010": ["NotAllowedError"],
    "connection-dropped": ["ConnectionFailedError"],
    "url-query": ["ConfigurationError"],
};
const RIGHT = ["ok", "url-trailing-slash"];
const READY = token({ alg: "HS256" }, far);
const CREDENTIALS: [what: string, make: () => Credential | undefined][] = [
    ["nothing", () => undefined],
    ["a key", () => new ApiKey("KEY-of-team")],
    ["a token", () => new Jwt({ token: READY })],
    ["a service token", () => new ServiceToken({ clientId: "id.access", clientSecret: "SECRET-of-team" })],
];

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
        const known = [...Object.keys(HERE), ...RIGHT].sort();
        const found = recorded.cases.map(({ id }: { id: string }) => id).sort();
        assert.deepEqual(found.length === 0 ? known : found, known);
    });

    for (const [what, make] of CREDENTIALS)
        for (const { id, gateway, outcome: theirs } of recorded.cases) {
            const [withOne, withNone = withOne] = HERE[id] ?? [];
            const kind = make() === undefined ? withNone : withOne;
            it(`${kind === undefined ? "gives the same result" : `throws ${kind}`} for ${id} with ${what}`, async () => {
                const returned = JSON.stringify(theirs.returned);
                if (gateway === null) server.respond = says(200, JSON_TYPE, returned);
                else
                    server.respond = says(
                        gateway.status,
                        JSON.parse(here(JSON.stringify(gateway.headers))),
                        gateway.body,
                    );
                if (id === "connection-dropped") server.respond = (_, { socket }) => void socket!.end();
                const addition = { "url-trailing-slash": "/ok/", "url-query": "/ok?apikey=x" }[id as string] ?? "/ok";
                const auth = make();
                const call = async () =>
                    new Client({ ...options, url: server.url + addition, auth }).completions("Paris is");
                const result = await call().catch((error: unknown) => error);
                if (kind === undefined) assert.deepEqual(result, theirs.returned);
                else {
                    assert.ok(result instanceof errors[kind], String(result));
                    assert.equal(result.name, kind);
                }
                assert.equal(other.connections, 0, "nothing is sent to a second host");
                assert.equal(server.seen.length, id === "url-query" ? 0 : 1, "nothing twice");
                if (id === "url-query") return;
                assert.equal(server.seen[0].url, "/ok/completions", "one slash, where Alpa's client doubles it");
                for (const [name, value] of Object.entries((await auth?.headers()) ?? {}))
                    assert.equal(server.seen[0].headers[name.toLowerCase()], value);
                if (result instanceof errors.AlpaError) {
                    const text = `${result.stacktrace}RuntimeError("${/: "(.*)"\. /.exec(result.message)![1]}")`;
                    assert.equal(text, theirs.raised.text, "it contains the message of Alpa's client");
                }
            });
        }

    for (const { id, call, args, kwargs, client, sent } of recorded.sends)
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

    for (const { id, request, response } of alpa.cases)
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

    for (const { id, call, args, kwargs, outcome: theirs } of recorded.realServer)
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
