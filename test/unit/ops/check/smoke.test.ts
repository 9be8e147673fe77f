// Proves the command's requests, its output and its exit code, with the emulators of the gateway and of Access and with the
// rendered plugins. test/engine/ops/commands.test.ts runs it on a deployed stack.
import { strict as assert } from "node:assert";
import { parse, stringify } from "yaml";
import { claim, NAMESPACE, PUBLIC_KEY, startService, type Service } from "../../client/kit";
import { World } from "../../../../sandbox/test/cloudflare/edge/kit";
import { addRecord, addZone } from "../../../../sandbox/test/cloudflare/edge/objects";
import { bench, EDGE_FILE, exits, STACK_FILE } from "../kit";
import { serve } from "../../kit/http";

const KEY = "KEY-of-smoke-0123456789";
const SECRET = "SECRET-of-smoke-0123456789-abcdefgh";
const CREDENTIALS = [
    { id: "key", method: "key" },
    { id: "hs", method: "jwt", algorithm: "HS256" },
    { id: "rs", method: "jwt", algorithm: "RS256", publicKey: PUBLIC_KEY },
    { id: "over", method: "key", expires: "2026-01-01" },
];
const LIMITS = { requests: 6, perSeconds: 60 };

describe("ops check smoke", () => {
    let service: Service;
    beforeEach(async () => (service = await startService()));
    afterEach(() => service.close());

    const outputs = (url: string) => ({
        url,
        credentials: { "smoke/key": KEY },
        jwtSecrets: { "smoke/hs": SECRET },
    });
    const stack = (consumer: object | undefined, file = STACK_FILE) =>
        stringify({
            config: {
                ...(parse(file) as { config: object }).config,
                "alpa-auth:consumers": consumer ? [{ name: "other", credentials: [] }, consumer] : [],
            },
        });
    const smoke = { name: "smoke", limits: LIMITS, credentials: CREDENTIALS };
    /** Creates the caller at the gateway. */
    const admit = (credentials: object = {}, limits = LIMITS) =>
        service.consumer(
            `${NAMESPACE}_smoke`,
            {
                key: { "key-auth": { key: KEY } },
                hs: { "jwt-auth": { key: claim("hs").replace("team", "smoke"), algorithm: "HS256", secret: SECRET } },
                ...credentials,
            },
            limits,
        );
    const run = (options: { text?: string; outputs?: object } = {}, ...args: string[]) =>
        bench({ text: stack(smoke), outputs: outputs(service.url), ...options }).ops("check", "smoke", ...args);

    it("passes when everything works, prints response times and the versions it saw, and shows no secret", async () => {
        await admit();
        const { out, note } = await exits(0, run());
        assert.match(note, /smoke: all 15 checks passed/);
        assert.match(note, /answers took \d+ ms \(median\)/);
        assert.match(note, /versions seen: APISIX\/3\.\d+\.\d+/);
        assert.match(out, /not tried: smoke\/rs: only the caller has the private key for its tokens\./);
        assert.match(out, /not tried: smoke\/over: is not in the stack's outputs/);
        assert.doesNotMatch(out + note, new RegExp(`${KEY}|${SECRET}|eyJ`));
    });

    it("calls each route without a credential, with wrong, expired and right ones, then tries the limit, and prints JSON", async () => {
        await admit();
        const { out } = await run({}, "--json");
        const { checks, latency, versions } = JSON.parse(out);
        const rows = checks.map(({ check, route, got }: any) => `${check}, ${route}: ${got}`);
        const both = (check: string, got: number) =>
            ["completions", "logprobs"].map((route) => `${check}, ${route}: ${got}`);
        assert.deepEqual(rows, [
            ...both("no credential", 401),
            ...both("wrong key", 401),
            ...both("wrong token", 401),
            ...both("key", 200),
            ...both("expired token", 401),
            ...both("token signed with another secret", 401),
            ...both("token", 200),
            "limit, completions: 429",
        ]);
        assert.equal(versions.length, 1);
        assert.ok(latency.median <= latency.longest);
    });

    it("sends Alpa no more requests than allowed, with short prompts", async () => {
        await admit();
        await run({}, "--most-requests", "20");
        assert.equal(service.seen.length, LIMITS.requests);
        for (const { body, headers } of service.seen) {
            assert.match(body.toString(), /"(max_tokens|top_k)":1\b/);
            assert.doesNotMatch(headers.join("\n"), new RegExp(`${KEY}|Bearer`));
        }
        service.seen.length = 0;
        assert.match((await exits(2, run({}, "--most-requests", "3"))).note, /--most-requests: must be at least 4/);
        assert.equal(service.seen.length, 0);
    });

    it("says that it does not try a limit that needs too many requests, or that the caller has no limit", async () => {
        await admit({}, { requests: 1000, perSeconds: 60 });
        const many = await exits(0, run({ text: stack({ ...smoke, limits: { requests: 1000, perSeconds: 60 } }) }));
        assert.match(many.out, /not tried: the limit: testing it takes more than 1000 requests/);
        assert.equal(service.seen.length, 4);
        const none = await run({ text: stack({ ...smoke, limits: undefined }) });
        assert.match(none.out, /not tried: the limit: limits\.requests is not set/);
    });

    it("fails when the gateway does not enforce a limit", async () => {
        await admit({}, { requests: 1000, perSeconds: 60 });
        assert.match((await exits(3, run())).out, /limit.*│ 200 .*│ NO .*no request was rejected with 429/);
    });

    it("fails when a credential is rejected, and prints the status of the rejection", async () => {
        await service.consumer(`${NAMESPACE}_smoke`, { key: { "key-auth": { key: KEY } } }, LIMITS);
        const { out, note } = await exits(3, run());
        assert.match(out, /^│ check .*│ credential │ route .*│ got │ right │ ms +│ problem +│$/m);
        assert.match(out, /token .*│ smoke\/hs .*│ 401 │ NO /);
        assert.match(note, /smoke: 2 of 15 checks failed at http/);
    });

    it("fails when unauthenticated requests are accepted, and when the gateway is old", async () => {
        const url = await serve((request, response) => {
            request.resume().on("end", () => {
                const body = '{"choices":[],"cache_id":"c","logprobs":[],"indices":[]}';
                response.writeHead(200, { Server: "APISIX/3.16.0" }).end(body);
            });
        });
        const { out } = await exits(3, run({ outputs: outputs(url) }, "--json"));
        const wrong = JSON.parse(out).checks.filter(({ ok }: any) => !ok);
        assert.equal(wrong.length, JSON.parse(out).checks.length);
        assert.match(
            JSON.stringify(wrong),
            /no credential.*the request was accepted \(expected 401\).*older than 3\.17: tokens can be forged/,
        );
    });

    it("fails where no credential of the caller can be tried: nothing shows that the service answers", async () => {
        await admit();
        const text = stack({ ...smoke, credentials: CREDENTIALS.filter(({ id }) => id === "rs") });
        const { note } = await exits(1, run({ text }));
        assert.match(note, /smoke: no credential to use at http:/);
        assert.doesNotMatch(note, /checks passed/);
    });

    it("requires a caller of its own, and a deployed stack", async () => {
        const without = await exits(2, run({ text: stack(undefined) }));
        assert.match(without.note, /--consumer: must be a test caller.*consumer add smoke --requests 10/);
        // With option cloudflare the suggested command sets no limit, because the config check would reject it.
        const edge = await run({ text: stack(undefined, EDGE_FILE) });
        assert.match(edge.note, /Run: npm run ops -- consumer add smoke --yes$/m);
        const down = await exits(2, run({ outputs: {} }));
        assert.match(down.note, /--stack: intra has no outputs yet/);
    });

    it("accepts Access's rejections, and service tokens", async () => {
        const world = await World.start();
        try {
            addRecord(
                world.account,
                addZone(world.account, "localhost"),
                "localhost",
                `${world.tunnel.id}.cfargotunnel.com`,
            );
            await world.connect();
            world.respond = (_, answer) => answer.end('{"choices":[],"cache_id":"c","logprobs":[],"indices":[]}');
            const [token, stopped] = [world.token(), world.token({ enabled: false })];
            const listed = [token, stopped].map(({ id }) => ({ service_token: { token_id: id } }));
            world.application([world.policy("non_identity", listed)], { domain: "localhost" });
            const pairOf = (one: typeof token) => ({ clientId: one.client_id, clientSecret: one.client_secret });
            const { out, note } = await exits(
                0,
                run(
                    {
                        text: stack(
                            {
                                name: "smoke",
                                credentials: [
                                    { id: "edge", method: "service-token" },
                                    { id: "off", method: "service-token", enabled: false },
                                ],
                            },
                            EDGE_FILE,
                        ),
                        outputs: {
                            url: `http://localhost:${world.edge.port}`,
                            credentials: { "smoke/edge": pairOf(token), "smoke/off": pairOf(stopped) },
                        },
                    },
                    "--json",
                ),
            );
            const rows = JSON.parse(out).checks.map(({ check, got }: any) => `${check} ${got}`);
            const wrong = "wrong client secret 403";
            const once = ["no credential 403", wrong, "service token 200", wrong, "disabled service token 403"];
            assert.deepEqual(
                rows,
                once.flatMap((row) => [row, row]),
            );
            assert.match(
                note,
                /not tried: the limit: the edge counts requests by IP address, which other callers may share\./,
            );
            assert.doesNotMatch(out + note, new RegExp(token.client_secret));
        } finally {
            await world.close();
        }
    });
});
