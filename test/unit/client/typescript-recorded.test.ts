// Proves against recordings of Alpa's own client: the same request and the same result where that client is right, a typed
// error where it is wrong. The recordings are not part of this repository.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { ApiKey, Client, type ClientOptions } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { startAlpa } from "../../../sandbox/alpa/server";

const shared = process.env.ALPA_AUTH_SHARED ?? join(__dirname, "../../../../shared");
const file = join(shared, "reference/data/recorded/alpa-client.json");
const recorded = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { cases: [], sends: [], realServer: [] };

/** Where Alpa's client returns a gateway's answer, follows a redirect or fails in its own JSON reader: what it is here. */
const HERE: Record<string, keyof typeof errors> = {
    "alpa-error-400": "AlpaError",
    "403-consumer": "MissingCredentialError",
    "404-route": "RequestRefusedError",
    "413-html": "RequestRefusedError",
    "429-error-msg": "RateLimitedError",
    "429-retry-after": "RateLimitedError",
    "429-envelope": "RateLimitedError",
    "503-html": "ModelUnreachableError",
    "401-envelope": "MissingCredentialError",
    "envelope-null-stacktrace": "MissingCredentialError",
    "envelope-html-type": "MissingCredentialError",
    "empty-401": "MissingCredentialError",
    "error-object-openai": "MissingCredentialError",
    "302-login-other-host": "RedirectError",
    "307-other-host": "RedirectError",
    "301-https-like": "RedirectError",
    "403-cf-1010": "MissingCredentialError",
    "connection-dropped": "ConnectionFailedError",
    "url-query": "ConfigurationError",
};
const OK = "00000000-0000-4000-8000-000000000001";

const failure = (call: Promise<unknown>) =>
    call.then(
        () => assert.fail("a result"),
        (error) => error,
    );

describe("TypeScript client beside Alpa's own", () => {
    let server: http.Server;
    let url: string;
    let answer: { status: number; headers: Record<string, string>; body: string } | null;
    let seen: { method: string; path: string; headers: string[]; body: string }[] = [];

    before(async () => {
        server = http.createServer(async (request, response) => {
            const parts: Buffer[] = [];
            for await (const part of request) parts.push(part);
            const { method = "", url: path = "", rawHeaders: headers } = request;
            seen.push({ method, path, headers, body: Buffer.concat(parts).toString() });
            if (answer === null) return void response.socket!.end();
            response.writeHead(answer.status, answer.headers).end(answer.body);
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    beforeEach(() => (seen = []));
    after(() => new Promise<void>((resolve) => void server.close(() => resolve())));

    const good = { status: 200, headers: { "Content-Type": "application/json" }, body: "" };
    const options: ClientOptions = { maxAttempts: 1 };

    it("has an expectation for every recorded answer, and for no other", function () {
        const known = [...Object.keys(HERE), "ok", "url-trailing-slash"].sort();
        const found = recorded.cases.map(({ id }: { id: string }) => id).sort();
        assert.deepEqual(found.length === 0 ? known : found, known);
    });

    for (const { id, gateway, outcome } of recorded.cases)
        it(`${HERE[id] === undefined ? "gives the same result as it" : `makes ${HERE[id]}`} of ${id}`, async () => {
            answer =
                gateway ?? (id === "connection-dropped" ? null : { ...good, body: JSON.stringify(outcome.returned) });
            const addition = { "url-trailing-slash": "/ok/", "url-query": "/ok?apikey=x" }[id as string] ?? "/ok";
            const call = async () => new Client({ ...options, url: url + addition }).completions("Paris is");
            if (HERE[id] === undefined) {
                assert.deepEqual(await call(), outcome.returned);
                assert.equal(seen[0].path, "/ok/completions", "one slash, where Alpa's client doubles it");
                return;
            }
            await assert.rejects(call, (error: Error) => error.name === HERE[id] && error instanceof errors[HERE[id]]);
            assert.equal(seen.length, id === "url-query" ? 0 : 1, "nothing goes to a second place, nothing twice");
            if (id === "alpa-error-400") {
                const error: errors.AlpaError = await failure(call());
                const text = `${error.stacktrace}RuntimeError("${/: "(.*)"\. /.exec(error.message)![1]}")`;
                assert.equal(text, outcome.raised.text, "what Alpa's client says is in it");
            }
        });

    for (const { id, call, args, kwargs, client, setup, sent } of recorded.sends)
        it(`sends what it sends: ${id}`, async () => {
            answer = {
                ...good,
                body: `{"id":"${OK}","choices":[{"text":"a"}],"cache_id":"c","logprobs":[],"indices":[]}`,
            };
            const named = kwargs as Record<string, any>;
            const more = {
                ...{ minTokens: named.min_tokens, maxTokens: named.max_tokens, topP: named.top_p },
                ...{ temperature: named.temperature, echo: named.echo, model: named.model },
                ...{ topK: named.top_k, cacheId: named.cache_id },
            };
            const auth = /apikey/.test(setup ?? "") ? new ApiKey("k1") : undefined;
            const made = new Client({ ...options, url, auth, apiKey: client.api_key });
            if (call === "completions") await made.completions(args[0], more);
            else await made.logprobs(args[0], more);
            const [first] = sent;
            const { api_key: theirs, ...others } = first.json;
            // Alpa takes null for none; a key that is none stays away from the body here.
            assert.deepEqual(JSON.parse(seen[0].body), theirs === null ? others : first.json);
            assert.deepEqual([seen[0].method, seen[0].path], ["POST", `/${call}`]);
            const names = seen[0].headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
            assert.ok(!names.includes("cookie") && names.includes("content-type"));
            assert.equal(names.includes("apikey"), auth !== undefined);
        });

    it("gets from Alpa's service what it gets", async () => {
        const alpa = await startAlpa({ port: 0, batchWindow: async () => undefined });
        try {
            const client = new Client({ url: `http://127.0.0.1:${alpa.port}` });
            const result = await client.completions("Paris is", { maxTokens: 8 });
            assert.deepEqual(Object.keys(result), ["id", "object", "created", "choices"]);
            assert.equal(result.choices[0].text, "Paris is one two");
            for (const [prompt, more, text] of [
                ["", {}, /The prompt must be nonempty\./],
                ["Paris is", { temperature: -1 }, /temperature must be at least 0/],
            ] as const) {
                const error: errors.AlpaError = await failure(client.completions(prompt, more));
                assert.ok(error instanceof errors.AlpaError && error.stacktrace !== "");
                assert.match(error.message, text);
            }
        } finally {
            await alpa.close();
        }
    });
});
