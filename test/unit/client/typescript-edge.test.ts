// Proves that the TypeScript client understands the answers of the emulator of Cloudflare's edge, for each form of a service
// token and each method: Access in classic and strict mode, rules, limits and tunnel errors. Does not prove that the real edge
// answers the same.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiKey, Client, ServiceToken, type Credential } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { World } from "../../../sandbox/test/cloudflare/edge/kit";
import { addRecord, addZone } from "../../../sandbox/test/cloudflare/edge/objects";
import { startCallersWorld, type CallersWorld } from "./python-world";
import { outcome } from "./typescript-server";

type Type = abstract new (...given: any[]) => errors.AlpaClientError;
type Place = keyof CallersWorld["edges"]["strict"];
const METHODS = ["completions", "logprobs"] as const;
const RAY = /^[0-9a-f]{16}-[A-Z]{3}$/;

describe("TypeScript client at the edge", () => {
    let stage: Awaited<ReturnType<typeof startCallersWorld>>;
    let folder: string;
    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-edge-"));
        stage = await startCallersWorld(folder);
    });
    after(async () => {
        await stage?.close();
        rmSync(folder, { recursive: true });
    });
    const edge = (mode: "classic" | "strict" | "cut", place: Place, auth?: Credential, more: object = {}) =>
        new Client({ url: stage.world.edges[mode][place], auth, ...more });
    const pair = (who: "team" | "stranger" | "expired" = "team", change: object = {}) =>
        new ServiceToken({ ...stage.world.tokens[who], ...change });

    const refused: [what: string, place: Place, make: () => Credential | undefined, classic: Type, strict: Type][] = [
        ["nothing", "alpa", () => undefined, errors.MissingCredentialError, errors.MissingCredentialError],
        [
            "a wrong secret",
            "alpa",
            () => pair("team", { clientSecret: "wrong-secret-wrong" }),
            errors.NotAllowedError,
            errors.InvalidCredentialError,
        ],
        ["an expired token", "alpa", () => pair("expired"), errors.NotAllowedError, errors.InvalidCredentialError],
        [
            "a token of another application",
            "alpa",
            () => pair("stranger"),
            errors.NotAllowedError,
            errors.NotAllowedError,
        ],
        [
            "a wrong secret in one header",
            "single",
            () => pair("team", { clientSecret: "wrong-secret-wrong", header: "Authorization" }),
            errors.NotAllowedError,
            errors.InvalidCredentialError,
        ],
        [
            "no credential, where people can log in",
            "login",
            () => undefined,
            errors.MissingCredentialError,
            errors.MissingCredentialError,
        ],
        [
            "a wrong secret, where people can log in",
            "login",
            () => pair("team", { clientSecret: "wrong-secret-wrong" }),
            errors.InvalidCredentialError,
            errors.InvalidCredentialError,
        ],
        [
            "a token of another application, where people can log in",
            "login",
            () => pair("stranger"),
            errors.InvalidCredentialError,
            errors.NotAllowedError,
        ],
        [
            "a key, where people can log in",
            "login",
            () => new ApiKey("KEY-of-team"),
            errors.EdgeLoginError,
            errors.EdgeLoginError,
        ],
    ];
    for (const mode of ["classic", "strict"] as const)
        for (const method of METHODS)
            describe(`with ${mode} service tokens, for ${method}`, () => {
                for (const [place, header] of [
                    ["alpa", undefined],
                    ["login", undefined],
                    ["single", "Authorization"],
                ] as const)
                    it(`gets a result with ${header ? "one header" : "two headers"} at ${place}`, async () => {
                        const client = edge(mode, place, pair("team", { header }));
                        if (method === "completions") {
                            const { choices } = await client.completions("Paris is", { maxTokens: 8 });
                            assert.equal(choices[0].text, "Paris is one two");
                            return;
                        }
                        const { cache_id: cacheId } = await client.logprobs([[5, 6, 7]], { topK: 3 });
                        const next = await client.logprobs([[5, 6, 7, 8]], { topK: 3, cacheId });
                        assert.equal(next.indices[0].length, 3);
                    });

                for (const [what, place, make, classic, strict] of refused)
                    it(`throws ${(mode === "classic" ? classic : strict).name} for ${what}`, async () => {
                        const error = await outcome(edge(mode, place, make())[method]("Paris is"));
                        assert.equal(error.constructor, mode === "classic" ? classic : strict, String(error));
                        assert.match(error.requestId!, RAY);
                        assert.doesNotMatch(String(error), /wrong-secret/);
                    });
            });

    for (const method of METHODS) {
        it(`reports that no connector serves the tunnel, for ${method}`, async () => {
            const error = await outcome(edge("cut", "alpa", pair())[method]("Paris is"));
            assert.ok(error instanceof errors.ModelUnreachableError, String(error));
            assert.equal(error.status, 530);
            assert.match(error.message, /error code: 1033/);
        });

        it(`reports that the edge serves no address without a name, for ${method}`, async () => {
            const url = stage.world.edges.strict.alpa.replace("localhost", "127.0.0.1");
            const error = await outcome(new Client({ url, auth: pair() })[method]("Paris is"));
            assert.ok(error instanceof errors.NotAllowedError, String(error));
            assert.match(error.message, /error code: 1003.*Use the service's host name in the address/);
        });
    }

    it("reports how long a limit of the edge lasts", async () => {
        const client = edge("strict", "limited", pair(), { maxAttempts: 1 });
        await client.completions("Paris is");
        const error = await outcome(client.completions("Paris is"));
        assert.ok(error instanceof errors.RateLimitedError, String(error));
        assert.ok(error.retryAfterSeconds! > 0 && error.retryAfterSeconds! <= 30);
    });

    it("needs only the page of a handout", async () => {
        const client = Client.fromCredentialsFile(stage.world.handouts.serviceToken);
        assert.equal((await client.completions("Paris is", { maxTokens: 8 })).choices[0].text, "Paris is one two");
    });
});

/** fetch sends only the address as Host, so the name must resolve to this machine. */
const NAME = "localhost";
/** 125 s without a byte become half a second. */
const SCALE = 0.004;

describe("TypeScript client at a failing edge", () => {
    let world: World;
    let auth: Credential;
    before(async () => {
        world = await World.start({}, { scale: SCALE });
        const zone = addZone(world.account, NAME);
        addRecord(world.account, zone, NAME, `${world.tunnel.id}.cfargotunnel.com`);
        await world.connect();
        const token = world.token();
        const policy = world.policy("non_identity", [{ service_token: { token_id: token.id } }]);
        world.application([policy], { domain: NAME });
        auth = new ServiceToken({ clientId: token.client_id, clientSecret: token.client_secret });
        world.rules("http_request_firewall_custom", [{ expression: 'starts_with(http.request.uri.path, "/closed")' }]);
        for (const rules of world.account.rulesets.values()) rules.zone_id = zone.id;
    });
    after(() => world.close());
    beforeEach(() => void (world.seen.length = 0));
    const client = (path = "", more: object = {}) =>
        new Client({ url: `http://${NAME}:${world.edge.port}${path}`, auth, ...more });

    for (const method of METHODS) {
        it(`reports that the edge timed out, for ${method}, and does not repeat the request`, async () => {
            world.respond = () => undefined;
            const error = await outcome(client()[method]("Paris is"));
            assert.ok(error instanceof errors.AnswerTimeoutError, String(error));
            assert.deepEqual([error.status, world.seen.length], [524, 1]);
            assert.match(error.requestId!, RAY);
        });

        it(`reports a truncated answer when the origin became silent, for ${method}`, async () => {
            world.respond = (_, answer) => void answer.writeHead(200).write('{"choices":');
            const error = await outcome(client()[method]("Paris is"));
            assert.ok(error instanceof errors.ConnectionFailedError && error.sent, String(error));
            assert.equal(world.seen.length, 1);
        });

        it(`reports that a rule blocks this program, for ${method}`, async () => {
            const error = await outcome(client("/closed")[method]("Paris is"));
            assert.ok(error instanceof errors.NotAllowedError, String(error));
            assert.match(error.message, /error code: 1020.*A rule of the edge/);
            assert.equal(world.seen.length, 0);
        });

        it(`reports the same for the browser integrity check, which the client itself passes, for ${method}`, async () => {
            world.respond = (_, answer) =>
                answer.end('{"choices":[{"text":"one"}],"cache_id":"c","logprobs":[],"indices":[]}');
            assert.ok(await client()[method]("Paris is"));
            const robot: typeof fetch = (url, init) =>
                fetch(url, { ...init, headers: { ...(init!.headers as object), "User-Agent": "Python-urllib/3.11" } });
            const error = await outcome(client("", { fetch: robot })[method]("Paris is"));
            assert.ok(error instanceof errors.NotAllowedError, String(error));
            assert.match(error.message, /error code: 1010.*A rule of the edge/);
        });

        it(`reports that the connector does not reach the origin, for ${method}`, async () => {
            const { config } = world.tunnel.configuration!;
            world.configure({ ingress: [{ service: "http://127.0.0.1:1" }] });
            try {
                await world.until(() => world.lines.some((line) => /127\.0\.0\.1:1\b/.test(line)));
                const error = await outcome(client()[method]("Paris is"));
                assert.ok(error instanceof errors.ModelUnreachableError, String(error));
                assert.equal(error.status, 502);
            } finally {
                world.configure(config as Parameters<World["configure"]>[0]);
            }
        });
    }
});
