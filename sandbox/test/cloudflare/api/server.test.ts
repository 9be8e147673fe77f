/** Proves the protocol of the emulator for all resources. Not compared with the real service; server.ts lists the sources. */
import assert from "node:assert/strict";
import { ROUTES } from "../../../cloudflare/api/routes";
import { TestApi } from "../kit";

describe("Cloudflare API emulator", () => {
    let api: TestApi;
    before(async () => {
        api = await TestApi.start();
    });
    after(() => api.close());
    afterEach(() => api.account.faults.clear());

    it("answers in the envelope, as JSON", async () => {
        const { status, body, headers } = await api.get("accounts/{account}");
        assert.equal(status, 200);
        assert.equal(headers.get("content-type"), "application/json");
        const { result, ...rest } = body;
        assert.equal(result.id, api.account.id);
        assert.deepEqual(rest, { success: true, errors: [], messages: [] });
    });

    it("answers with and without the path prefix /client/v4", async () => {
        const bare = await fetch(`http://127.0.0.1:${api.api.port}/accounts`, {
            headers: { Authorization: `Bearer ${api.account.apiTokens[0].value}` },
        });
        assert.equal(bare.status, 200);
        await bare.body?.cancel();
    });

    const refused: [why: string, token: string | null, status: number, code: number][] = [
        ["no token", null, 401, 10001],
        ["a malformed token", "short", 400, 6003],
        ["an unknown token", "x".repeat(40), 401, 1000],
    ];
    for (const [why, token, status, code] of refused) {
        it(`rejects ${why}`, async () => {
            const got = await api.call("GET", "accounts", undefined, token);
            assert.deepEqual([got.status, got.code, got.body.success, got.result], [status, code, false, null]);
        });
    }

    it("rejects a token without the permission, and accepts reads with Write", async () => {
        const dns = api.token({ permissions: ["DNS Write"] });
        const zone = await api.zone("permissions.test");
        const ask = (method: string, path: string, token: string) => api.call(method, path, undefined, token);
        assert.equal((await ask("GET", `zones/${zone}/dns_records`, dns)).status, 200);
        const denied = await ask("GET", `zones/${zone}`, dns);
        assert.deepEqual([denied.status, denied.code], [403, 10000]);
        const reader = api.token({ permissions: ["DNS Read", "Cloudflare Tunnel Read"] });
        assert.equal((await ask("GET", `zones/${zone}/dns_records`, reader)).status, 200);
        assert.equal((await ask("DELETE", `zones/${zone}/dns_records/${"0".repeat(32)}`, reader)).status, 403);
        const tunnel = await api.post("accounts/{account}/cfd_tunnel", { name: "permissions" });
        const path = `accounts/{account}/cfd_tunnel/${tunnel.result.id}`;
        assert.equal((await ask("GET", path, reader)).status, 200);
        const token = await ask("GET", `${path}/token`, reader);
        assert.deepEqual([token.status, token.code], [401, 1001]);
    });

    it("lists no other zone for a token limited to a zone, and rejects the creation of zones with it", async () => {
        const mine = await api.zone("mine.test");
        const other = await api.zone("other.test");
        const token = api.token({ zones: ["mine.test"] });
        const seen = await api.call("GET", "zones", undefined, token);
        assert.deepEqual(
            seen.result.map((zone: any) => zone.id),
            [mine],
        );
        assert.equal((await api.call("GET", `zones/${other}`, undefined, token)).status, 403);
        const body = { name: "third.test", account: { id: api.account.id } };
        assert.equal((await api.call("POST", "zones", body, token)).status, 403);
    });

    it("answers 501 with the name of what is unsupported, and asks the client not to retry", async () => {
        const zone = await api.zone("gaps.test");
        const gaps: [method: string, path: string, body: unknown, names: string][] = [
            ["GET", `zones/${zone}/page_rules`, undefined, `GET /zones/${zone}/page_rules`],
            ["DELETE", "accounts/{account}", undefined, `DELETE /accounts/${api.account.id}`],
            ["GET", `zones/${zone}/dns_records?tag=a`, undefined, "query parameter tag"],
            ["GET", `zones/${zone}/dns_records?match=any`, undefined, "match=any"],
            ["GET", "zones?name=contains:gaps", undefined, "name=contains:gaps"],
            ["PATCH", `zones/${zone}`, { plan: "pro" }, "field plan"],
            ["GET", `zones/${zone}/settings/waf`, undefined, "zone setting waf"],
            ["POST", `zones/${zone}/rulesets`, { name: "r", kind: "zone", phase: "http_config_settings" }, "phase"],
            ["POST", `zones/${zone}/dns_records`, { name: "a", type: "OPENPGPKEY", content: "x" }, "OPENPGPKEY"],
        ];
        for (const [method, path, body, names] of gaps) {
            const got = await api.call(method, path, body);
            assert.equal(got.status, 501, path);
            assert.ok(got.message.includes(names), got.message);
            assert.equal(got.headers.get("x-should-retry"), "false");
        }
    });

    it("answers a malformed id differently from an unknown one", async () => {
        const malformed = await api.get("zones/example.test");
        assert.deepEqual([malformed.status, malformed.code], [400, 7003]);
        const unknown = await api.get(`zones/${"0".repeat(32)}`);
        assert.deepEqual([unknown.status, unknown.code], [404, 1001]);
        assert.equal((await api.get(`accounts/${"0".repeat(32)}/cfd_tunnel`)).status, 403);
    });

    it("rejects a body that is not a JSON object, and names every invalid field of an object", async () => {
        assert.equal((await api.post("zones", "{")).status, 400);
        assert.equal((await api.post("zones", [])).status, 400);
        const got = await api.post("accounts/{account}/cfd_tunnel", { name: "", config_src: "remote" });
        assert.equal(got.status, 400);
        assert.match(got.message, /name: /);
        assert.match(got.message, /config_src: /);
    });

    it("fails as often and with the status that a test requests; 429 has Retry-After", async () => {
        api.account.faults.add({ method: "GET", path: /^accounts$/, status: 429, times: 2 });
        for (let i = 0; i < 2; i++) {
            const got = await api.get("accounts");
            assert.deepEqual([got.status, got.headers.get("retry-after-ms")], [429, "10"]);
        }
        assert.equal((await api.get("accounts")).status, 200);
        api.account.faults.add({ status: 500, body: "no JSON", headers: { "Content-Type": "text/plain" } });
        const broken = await api.get("accounts");
        assert.deepEqual([broken.status, broken.text], [500, "no JSON"]);
        assert.equal(broken.headers.get("x-should-retry"), "false");
    });

    it("drops an answer on request, after it has changed the account", async () => {
        api.account.faults.add({ method: "POST", status: 502, afterwards: true });
        const lost = await api.post("accounts/{account}/cfd_tunnel", { name: "lost" });
        assert.equal(lost.status, 502);
        assert.equal((await api.get("accounts/{account}/cfd_tunnel?name=lost")).result.length, 1);
    });

    it("accepts no more requests than the quota in five minutes", async () => {
        const few = await TestApi.start({ requestsPerFiveMinutes: 2 });
        try {
            assert.match((await few.get("accounts")).headers.get("ratelimit") ?? "", /r=1;t=300/);
            await few.get("accounts");
            const third = await few.get("accounts");
            assert.deepEqual([third.status, third.headers.get("retry-after")], [429, "300"]);
            const another = few.token({});
            assert.equal(
                (await few.call("GET", "accounts", undefined, another)).status,
                429,
                "all tokens of a user share the quota",
            );
            few.account.addApiToken({ value: "o".repeat(40), owner: "account" });
            const refused = await few.call("GET", `zones/${"0".repeat(32)}`, undefined, "o".repeat(40));
            assert.deepEqual([refused.status, refused.headers.get("ratelimit")], [404, '"default";r=1;t=300']);
            few.account.advance(301);
            assert.equal((await few.get("accounts")).status, 200);
        } finally {
            await few.close();
        }
    });

    it("records requests for tests", async () => {
        await api.get("zones?name=seen.test");
        const { method, path, query, status } = api.api.requests.at(-1) as any;
        assert.deepEqual([method, path, query, status], ["GET", "/zones", "name=seen.test", 200]);
    });

    it("lets another program read the recorded requests, move its clock forward and order failures", async () => {
        const from = new URL(api.api.url).origin;
        const headers = { Authorization: `Bearer ${api.account.apiTokens[0].value}` };
        const ask = async (method: string, what: string, body?: object) => {
            const sent = { method, headers, body: body && JSON.stringify(body) };
            const response = await fetch(`${from}/sandbox/${what}`, sent);
            return { status: response.status, result: ((await response.json()) as any).result };
        };
        await ask("DELETE", "requests");
        await api.get("zones?name=outside.test");
        const [{ method, path, query }, ...others] = (await ask("GET", "requests")).result;
        assert.deepEqual([method, path, query, others], ["GET", "/zones", "name=outside.test", []]);

        const before = api.account.now().getTime();
        await ask("POST", "clock", { seconds: 3600 });
        assert.equal(api.account.now().getTime() - before, 3_600_000);
        assert.equal((await ask("POST", "faults", { path: "^accounts$", status: 500 })).status, 200);
        assert.deepEqual([(await api.get("accounts")).status, (await api.get("accounts")).status], [500, 200]);

        assert.equal((await ask("POST", "faults", { path: "(", status: 500 })).status, 400);
        assert.equal((await ask("POST", "clock", { seconds: -1 })).status, 400);
        assert.equal((await ask("GET", "else")).status, 404);
        const stranger = await fetch(`${from}/sandbox/requests`);
        assert.equal(stranger.status, 401);
        await stranger.body?.cancel();
    });

    it("reports whether the API token works", async () => {
        assert.equal((await api.get("user/tokens/verify")).result.status, "active");
        assert.equal((await api.get("accounts/{account}/tokens/verify")).code, 1000);
        const own = api.account.addApiToken({ value: "o".repeat(40), owner: "account" }).value;
        const ask = (path: string) => api.call("GET", path, undefined, own);
        assert.equal((await ask("accounts/{account}/tokens/verify")).result.status, "active");
        assert.equal((await ask("user/tokens/verify")).status, 401);
    });

    it("lists every route once, with its users", () => {
        const names = ROUTES.map(({ method, path }) => `${method} ${path}`);
        assert.deepEqual(
            names.filter((name, i) => names.indexOf(name) !== i),
            [],
        );
        assert.deepEqual(
            ROUTES.filter(({ usedBy }) => usedBy.length < 5),
            [],
        );
    });

    it("can be configured to accept only the account id of the first request", async () => {
        const any = await TestApi.start({ id: "first" });
        try {
            const named = "a".repeat(32);
            assert.equal((await any.get(`accounts/${named}`)).result.id, named);
            assert.equal((await any.get(`accounts/${"b".repeat(32)}`)).status, 403);
        } finally {
            await any.close();
        }
    });
});
