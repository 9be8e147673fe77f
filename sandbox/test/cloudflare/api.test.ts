/** Proves which API tokens may do what, when a token's secret changes, and that what is not emulated is rejected by name. Engine tests prove the rest. */
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
});
