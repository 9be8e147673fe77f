/**
 * Proves what the API answers to this project's programs, and that everything else is rejected by name. together.test.ts and the
 * engine tests prove that what is written takes effect.
 */
import assert from "node:assert/strict";
import { START, TestApi } from "./kit";

const DAY = 86_400;
const TUNNELS = "accounts/{account}/cfd_tunnel";
const TOKENS = "accounts/{account}/access/service_tokens";
const POLICIES = "accounts/{account}/access/policies";

describe("Cloudflare API emulator", () => {
    let api: TestApi;
    let zone: string;
    beforeEach(async () => {
        api = await TestApi.start();
        zone = await api.zone();
    });
    afterEach(() => api.close());
    const record = (body: object) => api.post(`zones/${zone}/dns_records`, { ttl: 300, ...body });
    const made = async (path: string, body: object) => {
        const { status, result, text } = await api.post(path, body);
        assert.equal(status, 200, text);
        return result;
    };

    it("requires a known token with the permission of the route", async () => {
        assert.equal((await api.call("GET", "zones", undefined, null)).status, 401);
        assert.equal((await api.call("GET", "zones", undefined, "w".repeat(40))).status, 401);
        const reader = api.token({ permissions: ["DNS Read", "Cloudflare Tunnel Read"] });
        const path = `zones/${zone}/dns_records`;
        assert.equal((await api.call("GET", path, undefined, reader)).status, 200);
        assert.equal(
            (await api.call("POST", path, { name: "a", type: "A", content: "192.0.2.1" }, reader)).status,
            403,
        );
        const { id } = await made(TUNNELS, { name: "t" });
        assert.equal((await api.call("GET", `${TUNNELS}/${id}/token`, undefined, reader)).status, 403);
        assert.equal((await api.get(`accounts/${"0".repeat(32)}/cfd_tunnel`)).status, 403);
        assert.equal((await api.get(`zones/${"0".repeat(32)}`)).status, 404);
    });

    const unsupported: [what: string, method: string, path: string, body?: object][] = [
        ["a route", "GET", "accounts/{account}/images"],
        ["a query parameter", "GET", "zones?status=active"],
        ["a field", "POST", TUNNELS, { name: "t", icon: "x" }],
        ["a selector", "POST", POLICIES, { name: "p", decision: "allow", include: [{ geo: { country_code: "AE" } }] }],
        ["a setting", "PATCH", "zones/{zone}/settings/ssl", { value: "full" }],
        ["a Worker's route", "POST", "zones/{zone}/workers/routes", { pattern: "*.example.test/*", script: "s" }],
    ];
    for (const [what, method, path, body] of unsupported)
        it(`answers 501 with the name of ${what} that it does not emulate`, async () => {
            const { status, message } = await api.call(method, path.replace("{zone}", zone), body);
            assert.equal(status, 501, message);
            assert.match(message, /^unsupported by the sandbox: .*(images|status|icon|geo|ssl|\*)/);
        });

    it("answers lists in pages, of the wanted name", async () => {
        for (let i = 0; i < 3; i++) await record({ name: `r${i}`, type: "A", content: "192.0.2.1" });
        const names = async (query: string) =>
            (await api.get(`zones/${zone}/dns_records?${query}`)).result.map(({ name }: { name: string }) => name);
        assert.deepEqual(await names("per_page=2&page=2"), ["r2.example.test"]);
        assert.deepEqual(await names("name=R1.example.test"), ["r1.example.test"]);
        assert.deepEqual(await names("proxied=true"), []);
        assert.equal((await api.get("zones?name=none.test")).result.length, 0);
    });

    it("keeps a record's identity in an update, and names and contents in Cloudflare's form", async () => {
        const cname = (await record({ name: "WWW", type: "CNAME", content: "Example.Test." })).result;
        assert.deepEqual([cname.name, cname.content], ["www.example.test", "example.test"]);
        const path = `zones/${zone}/dns_records/${cname.id}`;
        const changed = {
            name: "www.example.test",
            type: "CNAME",
            content: "x.cfargotunnel.com",
            proxied: true,
            ttl: 1,
        };
        assert.deepEqual((await api.put(path, changed)).result.created_on, cname.created_on);
        const data = { priority: 1, weight: 2, port: 3, target: "s.example.test" };
        const { content, priority } = (await record({ name: "_a._tcp", type: "SRV", data })).result;
        assert.deepEqual([content, priority], ["2 3 s.example.test", 1]);
        await api.delete(path);
        assert.equal((await api.get(path)).status, 404);
    });

    const clashes: [what: string, first: object, second: object, code: number][] = [
        ["the same twice", { type: "A", content: "192.0.2.1" }, { type: "A", content: "192.0.2.1" }, 81058],
        [
            "a CNAME next to an address",
            { type: "A", content: "192.0.2.1" },
            { type: "CNAME", content: "b.test" },
            81053,
        ],
        ["anything next to a CNAME", { type: "CNAME", content: "b.test" }, { type: "TXT", content: '"x"' }, 81053],
        [
            "a proxied mail record",
            { type: "A", content: "192.0.2.1" },
            { type: "TXT", content: "x", proxied: true, ttl: 1 },
            9004,
        ],
        [
            "a ttl of a proxied record",
            { type: "TXT", content: "x" },
            { type: "A", content: "192.0.2.1", proxied: true },
            9003,
        ],
    ];
    for (const [what, first, second, code] of clashes)
        it(`rejects ${what}`, async () => {
            assert.equal((await record({ name: "a", ...first })).status, 200);
            assert.equal((await record({ name: "a", ...second })).code, code);
        });

    it("activates a zone when the parent has exactly its name servers", async () => {
        const status = async () => (await api.get(`zones/${zone}`)).result?.status;
        const { name_servers } = (await api.get(`zones/${zone}`)).result;
        api.account.delegation = () => [...name_servers, "ns1.example.net"];
        api.account.advance(DAY);
        assert.equal(await status(), "pending");
        api.account.delegation = () => name_servers;
        await api.put(`zones/${zone}/activation_check`, {});
        assert.equal(await status(), "active");
        const packs = async () => (await api.get(`zones/${zone}/ssl/certificate_packs?status=all`)).result[0].status;
        assert.equal(await packs(), "initializing");
        api.account.advance(300);
        assert.equal(await packs(), "active");
        api.account.delegation = () => ["ns1.example.net"];
        api.account.advance(5 * 3600);
        assert.equal(await status(), "moved");
    });

    it("follows the DS record of the parent from pending to active, and back to disabled", async () => {
        const path = `zones/${zone}/dnssec`;
        const signed = (await api.patch(path, { status: "active" })).result;
        assert.equal(signed.status, "pending");
        api.account.dsAtParent = () => [signed.ds];
        const status = async () => {
            api.account.advance(1);
            return (await api.get(path)).result.status;
        };
        assert.equal(await status(), "active");
        assert.equal((await api.delete(path)).status, 400);
        await api.patch(path, { status: "disabled" });
        assert.equal(await status(), "pending-disabled");
        api.account.dsAtParent = () => [];
        assert.equal(await status(), "disabled");
    });

    it("shows a secret only when it is created, and rotates only for a greater version", async () => {
        const token = await made(TOKENS, { name: "a", duration: "24h" });
        assert.match(token.client_secret, /^cfast_\w{48}$/);
        assert.equal(Date.parse(token.expires_at), START + DAY * 1000);
        const path = `${TOKENS}/${token.id}`;
        const change = async (body: object) => (await api.put(path, { name: "a", ...body })).result;
        assert.equal((await api.get(path)).result.client_secret, undefined);
        assert.equal((await change({ client_secret_version: 1 })).client_secret, undefined);
        const until = "2026-12-01T00:00:00Z";
        const rotated = await change({ client_secret_version: 2, previous_client_secret_expires_at: until });
        assert.notEqual(rotated.client_secret, token.client_secret);
        const held = api.account.serviceTokens.get(token.id)!;
        assert.equal(held.previous_client_secret, token.client_secret);
        await change({ client_secret_version: 3, previous_client_secret_expires_at: null });
        assert.equal(held.previous_client_secret, undefined, "without a date, the previous secret ends at once");
    });

    it("deletes no token that a policy names, no policy of an application, no tunnel in use", async () => {
        const token = await made(TOKENS, { name: "a" });
        const include = [{ service_token: { token_id: token.id } }];
        const policy = await made(POLICIES, { name: "p", decision: "non_identity", include });
        const body = { name: "app", type: "self_hosted", domain: "a.example.test", policies: [{ id: policy.id }] };
        const app = await made("accounts/{account}/access/apps", body);
        assert.equal(app.policies[0].precedence, 1);
        assert.equal((await api.delete(`${TOKENS}/${token.id}`)).code, 12131);
        assert.equal((await api.delete(`${POLICIES}/${policy.id}`)).code, 12132);
        assert.equal((await api.post("accounts/{account}/access/apps", { ...body, name: "two" })).status, 400);
        assert.equal(
            (await api.post("accounts/{account}/access/apps", { ...body, domain: "a.other.test" })).status,
            400,
        );
        for (const path of [
            `accounts/{account}/access/apps/${app.id}`,
            `${POLICIES}/${policy.id}`,
            `${TOKENS}/${token.id}`,
        ])
            assert.equal((await api.delete(path)).status, 200);
        const { id } = await made(TUNNELS, { name: "t" });
        assert.equal((await api.post(TUNNELS, { name: "t" })).code, 1013);
        assert.equal((await api.delete(`${TUNNELS}/${id}`)).status, 200);
        assert.notEqual((await api.get(`${TUNNELS}/${id}`)).result.deleted_at, null);
        assert.equal((await api.put(`${TUNNELS}/${id}/configurations`, { config: { ingress: [] } })).status, 404);
        assert.equal((await api.post(TUNNELS, { name: "t" })).status, 200);
    });

    it("has one ruleset for each phase, and keeps a rule's id by its ref", async () => {
        const rule = {
            ref: "r",
            action: "skip",
            expression: '(http.host eq "a")',
            action_parameters: { products: ["bic"] },
        };
        const body = { name: "n", kind: "zone", phase: "http_request_firewall_custom", rules: [rule] };
        const { id, rules } = await made(`zones/${zone}/rulesets`, body);
        assert.equal((await api.post(`zones/${zone}/rulesets`, body)).code, 20217);
        const changed = { ...body, rules: [{ ...rule, expression: '(http.host in {"a" "b"})' }] };
        assert.equal((await api.put(`zones/${zone}/rulesets/${id}`, changed)).result.rules[0].id, rules[0].id);
        const broken = { ...body, rules: [{ ...rule, expression: "cf.threat_score gt 10" }] };
        assert.equal((await api.put(`zones/${zone}/rulesets/${id}`, broken)).status, 501);
        assert.equal((await api.delete(`zones/${zone}/rulesets/${id}`)).status, 204);
    });

    it("is controlled by its own endpoints: requests, clock, faults", async () => {
        const base = api.api.url.replace("/client/v4", "/sandbox");
        const headers = { Authorization: `Bearer ${api.account.apiTokens[0].value}` };
        const ask = async (method: string, path: string, body?: object) =>
            (
                await fetch(`${base}/${path}`, { method, headers, body: body && JSON.stringify(body) })
            ).json() as Promise<any>;
        await ask("DELETE", "requests");
        await ask("POST", "faults", { method: "PATCH", path: "^zones/", status: 429, times: 1, afterwards: true });
        assert.equal((await api.patch(`zones/${zone}`, { paused: true })).status, 429);
        assert.equal((await api.get(`zones/${zone}`)).result.paused, true);
        const { result } = await ask("GET", "requests");
        assert.deepEqual(
            result.map(({ method, status }: { method: string; status: number }) => [method, status]),
            [
                ["PATCH", 429],
                ["GET", 200],
            ],
        );
        assert.equal(Date.parse((await ask("POST", "clock", { seconds: 60 })).result.now), START + 60_000);
        assert.equal((await ask("POST", "nothing")).success, false);
    });
});
