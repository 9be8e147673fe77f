// Proves that the TypeScript client shows no credential: not in errors and their properties, however a server encodes it, not
// in clients and credentials, not in warnings.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { ApiKey, Client, Jwt, ServiceToken, type Credential } from "../../../client/typescript/src/index";
import { without } from "../../../client/typescript/src/secrecy";
import { JSON_TYPE, outcome, RESULT, says, Server, type Respond } from "./typescript-server";

const RUNS = { numRuns: 300, seed: 20261126 };
const SECRET = `s3cr3t"&<'%/+\\ ${"x".repeat(20)}`;
const PEM = generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const READY = `${part({ alg: "HS256" })}.${part({ exp: 4_000_000_000 })}.${"c2ln".repeat(8)}`;

const each = (text: string, write: (code: number) => string) =>
    [...text].map((char) => write(char.charCodeAt(0))).join("");
const hex = (code: number) => code.toString(16).padStart(2, "0");
/** Encodings in which servers are known to send back what they received. */
const WAYS: Record<string, (text: string) => string> = {
    "as it is": (text) => text,
    "percent-encoded": encodeURIComponent,
    "percent-encoded like in forms": (text) => new URLSearchParams([["a", text]]).toString().slice(2),
    "each byte percent-encoded": (text) => each(text, (code) => `%${hex(code)}`),
    "percent-encoded twice": (text) => encodeURIComponent(encodeURIComponent(text)),
    "in JSON": JSON.stringify,
    "in JSON in JSON": (text) => JSON.stringify(JSON.stringify(text)),
    "in JSON, each character escaped": (text) => each(text, (code) => `\\u00${hex(code)}`),
    "with named entities": (text) =>
        text.replace(/[&<>"']/g, (c) => `&${{ "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" }[c]};`),
    "with decimal entities": (text) => each(text, (code) => `&#${code};`),
    "with hexadecimal entities": (text) => each(text, (code) => `&#x${hex(code).toUpperCase()};`),
    "with entities of entities": (text) => each(text, (code) => `&amp;#${code};`),
    "in base64": (text) => Buffer.from(text).toString("base64"),
    "in base64 for addresses": (text) => Buffer.from(text).toString("base64url"),
    "in base64 of more": (text) => Buffer.from(`user:${text}@`).toString("base64"),
    "in base64 of a header": (text) => Buffer.from(`apikey: ${text}\r\nx: y`).toString("base64"),
    "in lower case": (text) => text.toLowerCase(),
};

/** All decoded forms of a text in these encodings. */
function readings(text: string): string[] {
    const entities = (one: string) =>
        one
            .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
            .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
            .replace(
                /&(amp|lt|gt|quot|apos);/g,
                (_, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"' })[name] ?? "'",
            );
    const percent = (one: string) =>
        one.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));
    const json = (one: string) =>
        one.replace(
            /\\u00([0-9a-f]{2})|\\(["\\/])/gi,
            (_, code, plain) => plain ?? String.fromCharCode(parseInt(code, 16)),
        );
    const base64 = text.match(/[\w+/-]{6,}/g)?.map((one) => Buffer.from(one, "base64").toString("latin1")) ?? [];
    const twice = (read: (one: string) => string) => [read(text), read(read(text))];
    return [text, ...twice(entities), ...twice(percent), ...twice(json), percent(text.replaceAll("+", " ")), ...base64];
}
const holds = (text: string, secret: string) =>
    readings(text).some((reading) => reading.toLowerCase().includes(secret.toLowerCase()));

describe("TypeScript client and secrets", () => {
    let server: Server;
    before(async () => (server = await Server.start()));
    beforeEach(() => server.clear());
    after(() => server.close());

    for (const [way, write] of Object.entries(WAYS))
        it(`removes any secret from any text: ${way}`, () => {
            const visible = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
            // A shorter secret may occur in the text by chance, or its base64 may depend on adjacent characters.
            const secret = fc
                .string({ unit: visible, minLength: 10, maxLength: 60 })
                .filter((text) => !text.includes("*"));
            fc.assert(
                fc.property(secret, fc.string(), fc.string(), (text, before, after) => {
                    fc.pre(!holds(before + after, text));
                    const shown = without(`${before} ${write(text)} ${after}`, [text]);
                    assert.ok(!holds(shown, text), shown);
                }),
                RUNS,
            );
        });

    it("does not change a text without secrets", () => {
        fc.assert(
            fc.property(fc.string(), (text) => assert.equal(without(text, ["KEY-of-team-0123456789", "abc"]), text)),
            RUNS,
        );
        assert.equal(without("Model 'default' is not registered.", []), "Model 'default' is not registered.");
    });

    const credentials: [what: string, make: () => Credential, secrets: string[]][] = [
        ["a key", () => new ApiKey(SECRET), [SECRET]],
        ["a token", () => new Jwt({ token: READY }), [READY, READY.split(".")[2]]],
        ["a secret", () => new Jwt({ key: "k", secret: SECRET }), [SECRET]],
        ["a private key", () => new Jwt({ key: "k", privateKey: PEM }), [PEM.split("\n")[3]]],
        ["a service token", () => new ServiceToken({ clientId: "id-of-it.access", clientSecret: SECRET }), [SECRET]],
        [
            "a service token in one header",
            () => new ServiceToken({ clientId: "id-of-it.access", clientSecret: SECRET, header: "Authorization" }),
            [SECRET, "id-of-it.access"],
        ],
    ];
    const places: [where: string, respond: (said: string) => Respond][] = [
        ["a message", (said) => says(401, JSON_TYPE, JSON.stringify({ message: said }))],
        ["error_msg", (said) => says(429, JSON_TYPE, JSON.stringify({ error_msg: said }))],
        ["an object", (said) => says(403, JSON_TYPE, JSON.stringify({ error: { message: said } }))],
        [
            "Alpa's error",
            (said) => says(400, JSON_TYPE, JSON.stringify({ type: "error", message: said, stacktrace: said })),
        ],
        ["plain text", (said) => says(500, { "Content-Type": "text/plain" }, said.replaceAll("<", "["))],
        ["a page", (said) => says(502, { "Content-Type": "text/html" }, `<title>${said}</title>`)],
        [
            "a redirect",
            (said) =>
                says(302, { Location: `http://o.example/${encodeURIComponent(said)}?${encodeURIComponent(said)}` }, ""),
        ],
        ["a result of another form", (said) => says(200, JSON_TYPE, JSON.stringify({ message: said }))],
    ];
    const shownOf = (...values: unknown[]) =>
        values
            .flatMap((value) => [
                inspect(value, { depth: 9, showHidden: true, getters: true }),
                JSON.stringify(value, Object.getOwnPropertyNames(value)),
                JSON.stringify(value),
                String(value),
                `${(value as Error).stack} ${inspect((value as Error).cause)}`,
            ])
            .join("\n");
    for (const [what, make, fixed] of credentials)
        it(`shows nothing of ${what}, wherever and however it is written back`, async () => {
            for (const [where, respond] of places)
                for (const [way, write] of Object.entries(WAYS)) {
                    const auth = make();
                    let sent: string[] = [];
                    server.respond = (request, response, nth) => {
                        const { apikey, authorization, "cf-access-client-secret": secret } = request.headers;
                        sent = [apikey, secret, authorization?.replace("Bearer ", "")]
                            .flat()
                            .filter((one) => one !== undefined);
                        // No server has the private key.
                        const known = what === "a private key" ? [] : fixed;
                        respond([...sent, ...known].map(write).join(" ; "))(request, response, nth);
                    };
                    const client = new Client({ url: server.url, auth, maxAttempts: 1 });
                    const error = await outcome(client.completions("a"));
                    const shown = shownOf(error, client, auth);
                    for (const one of [...sent, ...fixed]) {
                        // The claims of a token are not secret, and a single header is JSON of secrets.
                        if (one.startsWith("{")) continue;
                        assert.ok(!holds(shown, one), `${where}, ${way}: ${shown}`);
                    }
                }
        });

    it("shows nothing of a key that equals a host name or a request id", async () => {
        const key = "Key-Of-Team-0123456789";
        const client = new Client({ url: server.url, auth: new ApiKey(key) });
        server.respond = says(302, { Location: `http://${key}.example/` }, "");
        assert.doesNotMatch(shownOf(await outcome(client.completions("a"))), /key-of-team/i);
        for (const name of ["X-Request-Id", "CF-Ray"]) {
            server.respond = says(403, { [name]: key }, "");
            const error = await outcome(client.completions("a"));
            assert.equal(error.requestId, "***");
            assert.doesNotMatch(shownOf(error), /key-of-team/i);
            server.respond = says(403, { [name]: Buffer.from(key).toString("base64url") }, "");
            assert.doesNotMatch(String((await outcome(client.completions("a"))).requestId), /S2V5/);
        }
        server.respond = says(403, { "X-Request-Id": "7c0c5b0e-2f6b-4f0a-9a56-6e0d7f0f3c11" }, "");
        assert.equal((await outcome(client.completions("a"))).requestId, "7c0c5b0e-2f6b-4f0a-9a56-6e0d7f0f3c11");
    });

    it("shows nothing of a token that was replaced before its answer arrived", async () => {
        let now = 1_800_000_000_000;
        const auth = new Jwt({ key: "k", secret: "S".repeat(32), lifetimeSeconds: 120 }, { now: () => now });
        const client = new Client({ url: server.url, auth });
        let first: string | undefined;
        server.respond = (request, response, nth) => {
            if (nth === 2) return says(200, JSON_TYPE, RESULT)(request, response, nth);
            first = request.headers.authorization!.slice("Bearer ".length);
            now += 100_000;
            void client
                .completions("a")
                .then(() => says(500, JSON_TYPE, `{"message":"${first}"}`)(request, response, nth));
        };
        const error = await outcome(client.completions("a"));
        assert.notEqual(server.seen[1].headers.authorization, `Bearer ${first}`);
        assert.match(error.message, /"\*\*\*"/);
        assert.ok(!shownOf(error, auth).includes(first!));
    });

    it("shows nothing of Alpa's own key", async () => {
        server.respond = says(400, JSON_TYPE, JSON.stringify({ type: "error", message: SECRET, stacktrace: SECRET }));
        const client = new Client({ url: server.url, apiKey: SECRET });
        const error = await outcome(client.completions("a"));
        assert.ok(!holds(shownOf(error, client), SECRET));
    });

    it("has no cause on an error, which would hold the request", async () => {
        server.respond = (_, { socket }) => socket!.resetAndDestroy();
        const error = await outcome(new Client({ url: server.url, auth: new ApiKey(SECRET) }).completions("a"));
        assert.equal(error.cause, undefined);
        assert.ok(!holds(shownOf(error), SECRET));
    });

    it("cuts what a server says, and puts it on one line", async () => {
        server.respond = says(404, JSON_TYPE, JSON.stringify({ error_msg: `a\u001b[31m\n${"b".repeat(5000)}` }));
        const { message } = await outcome(new Client({ url: server.url }).completions("a"));
        assert.ok(message.length < 600);
        // eslint-disable-next-line no-control-regex
        assert.doesNotMatch(message, /[\n\u001b]/);
    });
});
