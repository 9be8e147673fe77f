// Proves what the TypeScript client does unlike the Python client. client/corpus has the cases of both clients.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { readAnswer } from "../../../client/typescript/src/answer";
import { NAMES } from "../../../client/typescript/src/environment";
import * as errors from "../../../client/typescript/src/errors";
import { ApiKey, Client, Jwt } from "../../../client/typescript/src/index";
import { without } from "../../../client/typescript/src/secrecy";
import { shownOf } from "./typescript-redaction";
import { JSON_TYPE, outcome, RESULT, says, Server } from "./typescript-server";

describe("TypeScript client and docs/call/README.md", () => {
    const page = readFileSync(join(__dirname, "../../../docs/call/README.md"), "utf8");
    const listed = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, name]) => name).sort();

    it("have the same errors", () => {
        const kinds = Object.keys(errors).filter((name) => name !== "AlpaClientError");
        assert.deepEqual(listed(/^- `(\w+Error)`/gm), kinds.sort());
        for (const kind of Object.values(errors)) assert.ok(kind.prototype instanceof Error);
    });

    it("have the same variables", () => assert.deepEqual(listed(/^- `(ALPA_\w+)`/gm), [...NAMES].sort()));
});

describe("TypeScript client", () => {
    let server: Server;
    before(async () => (server = await Server.start()));
    beforeEach(() => server.clear());
    after(() => server.close());
    const client = (more: object = {}) => new Client({ url: server.url, auth: new ApiKey("KEY-of-team"), ...more });

    const keys: [what: string, algorithm: "RS256" | "ES256", pair: { privateKey: any }, problem: RegExp][] = [
        [
            "a short RSA key",
            "RS256",
            generateKeyPairSync("rsa", { modulusLength: 1024 }),
            /must have at least 2048 bits/,
        ],
        ["a key on another curve", "ES256", generateKeyPairSync("ec", { namedCurve: "P-384" }), /on the curve P-256/],
    ];
    for (const [what, algorithm, { privateKey }, problem] of keys)
        it(`rejects ${what}`, () => {
            const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
            assert.throws(() => new Jwt({ key: "k", privateKey: pem, algorithm }), problem);
        });

    it("rejects a call with a timeout below zero", async () => {
        const call = client().completions("a", { answerTimeoutSeconds: -1 });
        await assert.rejects(call, errors.ConfigurationError);
    });

    it("reports a redirect that fetch hides", () => {
        const call = { url: "https://a.example", auth: undefined, apiKey: false, redact: String, isResult: () => true };
        const answer = { status: 0, headers: new Headers(), text: "", milliseconds: 1 };
        assert.throws(() => readAnswer(answer, call), errors.RedirectError);
    });

    it("ends with the reason of the caller's signal, at any stage of the call", async () => {
        const reason = new Error("enough");
        const ended = (socket: Socket) => new Promise<unknown>((resolve) => socket.once("close", resolve));
        const until = (controller: AbortController) => client().completions("a", { signal: controller.signal });
        assert.equal(await outcome(client().completions("a", { signal: AbortSignal.abort(reason) })), reason, "before");
        assert.equal(server.connections, 0);
        const waiting = new AbortController();
        let closed: Promise<unknown> | undefined;
        server.respond = (_, { socket }) => {
            closed = ended(socket!);
            waiting.abort(reason);
        };
        assert.equal(await outcome(until(waiting)), reason, "before any answer");
        await closed;
        const reading = new AbortController();
        server.respond = (_, response) => {
            closed = ended(response.socket!);
            response.writeHead(200, JSON_TYPE).write("{", () => setTimeout(() => reading.abort(reason), 20));
        };
        assert.equal(await outcome(until(reading)), reason, "in the middle of the answer");
        await closed;
        const pausing = new AbortController();
        server.respond = (_, response) => {
            response.on("finish", () => setImmediate(() => pausing.abort(reason)));
            response.writeHead(429, { "Retry-After": "30" }).end();
        };
        assert.equal(await outcome(until(pausing)), reason, "between two tries");
        assert.equal(server.seen.length, 3);
    });

    it("disconnects when the time for the answer is over", async () => {
        let closed: Promise<unknown> | undefined;
        server.respond = (_, { socket }) => void (closed = new Promise((resolve) => socket!.once("close", resolve)));
        const error = await outcome(client().completions("a", { answerTimeoutSeconds: 0.5 }));
        assert.ok(error instanceof errors.AnswerTimeoutError, String(error));
        await closed;
    });

    it("does not change a text without secrets", () => {
        const unchanged = (text: string) => assert.equal(without(text, ["KEY-of-team-0123456789", "abc"]), text);
        fc.assert(fc.property(fc.string(), unchanged), { numRuns: 300, seed: 20261126 });
        assert.equal(without("Model 'default' is not registered.", []), "Model 'default' is not registered.");
    });

    it("removes secrets from long texts fast", () => {
        const begin = Date.now();
        for (const part of ["\\", "&", "&amp;amp;", "%25", "a", '"', "ab+ "])
            without(part.repeat(400_000 / part.length), [`${part.repeat(40)}x`, `x${part.repeat(10)}`]);
        assert.ok(Date.now() - begin < 20_000);
    });

    it("shows nothing of a token that was replaced before its answer arrived", async () => {
        let now = 1_800_000_000_000;
        const auth = new Jwt({ key: "k", secret: "S".repeat(32), lifetimeSeconds: 120 }, { now: () => now });
        let first: string | undefined;
        server.respond = (request, response, nth) => {
            if (nth === 2) return says(200, JSON_TYPE, RESULT)(request, response, nth);
            first = request.headers.authorization!.slice("Bearer ".length);
            now += 100_000;
            void client({ auth })
                .completions("a")
                .then(() => says(500, JSON_TYPE, `{"message":"${first}"}`)(request, response, nth));
        };
        const error = await outcome(client({ auth }).completions("a"));
        assert.notEqual(server.seen[1].headers.authorization, `Bearer ${first}`);
        assert.match(error.message, /"\*\*\*"/);
        assert.ok(!shownOf(error, auth).includes(first!));
    });
});
