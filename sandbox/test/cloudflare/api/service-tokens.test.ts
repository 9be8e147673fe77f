/**
 * Proves that service tokens are created, rotated and expired as documented, and that secrets are shown once. Not compared with
 * the real API.
 */
import assert from "node:assert/strict";
import type { ServiceToken } from "../../../cloudflare/account";
import { TestApi } from "../kit";

const TOKENS = "accounts/{account}/access/service_tokens";

describe("A service token at the Cloudflare emulator", () => {
    let api: TestApi;
    let made: any;
    let path: string;
    beforeEach(async () => {
        api = await TestApi.start();
        made = (await api.post(TOKENS, { name: "lab", duration: "8760h", client_secret_version: 1 })).result;
        path = `${TOKENS}/${made.id}`;
    });
    afterEach(() => api.close());
    const kept = () => api.account.serviceTokens.get(made.id) as ServiceToken;
    const put = (body: object) => api.put(path, { name: "lab", duration: "8760h", ...body });
    const LATER = "2026-12-01T00:00:00Z";

    it("shows its secret at creation, and never again", async () => {
        assert.match(made.client_id, /^[0-9a-f]{32}\.access$/);
        assert.match(made.client_secret, /^cfast_[A-Za-z0-9]{48}$/);
        assert.equal(made.expires_at, api.account.stamp(8760 * 3600));
        const { result, text } = await api.get(path);
        assert.ok(!text.includes("cfast_"));
        const { client_secret: _, ...rest } = made;
        assert.deepEqual(result, rest);
        assert.ok(!(await api.get(TOKENS)).text.includes("cfast_"));
        assert.ok(!(await put({ client_secret_version: 1, name: "new" })).text.includes("cfast_"));
    });

    it("gets a new secret when the version increases; the old secret works until the date", async () => {
        const { result } = await put({ client_secret_version: 2, previous_client_secret_expires_at: LATER });
        assert.notEqual(result.client_secret, made.client_secret);
        assert.equal(kept().client_secret, result.client_secret);
        assert.equal(kept().previous_client_secret, made.client_secret);
        assert.equal(kept().previous_client_secret_expires_at, LATER);
    });

    it("keeps both secrets when only the date changes", async () => {
        const rotated = (await put({ client_secret_version: 2, previous_client_secret_expires_at: LATER })).result;
        const earlier = "2026-11-01T00:00:00Z";
        const moved = await put({ client_secret_version: 2, previous_client_secret_expires_at: earlier });
        assert.equal(moved.result.client_secret, undefined);
        assert.deepEqual(
            [kept().client_secret, kept().previous_client_secret, kept().previous_client_secret_expires_at],
            [rotated.client_secret, made.client_secret, earlier],
        );
    });

    it("drops the previous secret when both rotation fields are removed, and creates no new secret", async () => {
        await put({ client_secret_version: 2, previous_client_secret_expires_at: LATER });
        const { status, result } = await put({ client_secret_version: 1, previous_client_secret_expires_at: null });
        assert.deepEqual([status, result.client_secret], [200, undefined]);
        assert.equal(kept().previous_client_secret, undefined);
    });

    it("has no overlap when the rotation has no date", async () => {
        await put({ client_secret_version: 2 });
        assert.equal(kept().previous_client_secret, undefined);
    });

    it("gets a new secret with /rotate, and another year with /refresh", async () => {
        const { result } = await api.post(`${path}/rotate`, { previous_client_secret_expires_at: LATER });
        assert.match(result.client_secret, /^cfast_/);
        assert.deepEqual([result.client_secret_version, kept().previous_client_secret], [2, made.client_secret]);
        const refreshed = await api.post(`${path}/refresh`, {});
        assert.equal(refreshed.result.expires_at, api.account.stamp(2 * 8760 * 3600));
    });

    it("restarts the period with each PUT of a duration", async () => {
        api.account.advance(3600);
        assert.equal((await put({})).result.expires_at, api.account.stamp(8760 * 3600));
        assert.equal((await put({ duration: "1h30m" })).result.expires_at, api.account.stamp(5400));
        assert.match((await put({ duration: "forever" })).result.expires_at, /^9999-/);
    });

    it("is disabled and enabled", async () => {
        assert.equal((await put({ enabled: false })).result.enabled, false);
        assert.equal((await put({})).result.enabled, false);
        assert.equal((await put({ enabled: true })).result.enabled, true);
    });

    const refused: [why: string, body: object, names: RegExp][] = [
        ["no name", { duration: "1h" }, /name: /],
        ["a duration in days", { name: "a", duration: "30d" }, /duration: /],
        ["a duration longer than Go can hold", { name: "a", duration: "2562048h" }, /duration: /],
        ["a duration of zero", { name: "a", duration: "0s" }, /duration: /],
        ["a date without a time", { name: "a", previous_client_secret_expires_at: "2026-12-01" }, /expires_at: /],
        ["version 0", { name: "a", client_secret_version: 0 }, /client_secret_version: /],
    ];
    for (const [why, body, names] of refused) {
        it(`rejects a token with ${why}`, async () => {
            const got = await api.post(TOKENS, body);
            assert.equal(got.status, 400);
            assert.match(got.message, names);
        });
    }

    it("rejects the 51st token of an account", async () => {
        for (let i = 2; i <= 50; i++) assert.equal((await api.post(TOKENS, { name: `t${i}` })).status, 200);
        const got = await api.post(TOKENS, { name: "t51" });
        assert.equal(got.status, 400);
        assert.match(got.message, /at most 50/);
        await api.delete(path);
        assert.equal((await api.post(TOKENS, { name: "t51" })).status, 200);
    });

    it("is not deleted while a policy names it", async () => {
        const include = [{ service_token: { token_id: made.id } }];
        const policy = { name: "p", decision: "non_identity", include };
        const { result } = await api.post("accounts/{account}/access/policies", policy);
        assert.equal((await api.delete(path)).status, 400);
        await api.delete(`accounts/{account}/access/policies/${result.id}`);
        assert.equal((await api.delete(path)).result.id, made.id);
        assert.equal((await api.get(path)).status, 404);
    });

    it("belongs to the account or to a zone, and is listed only by its owner", async () => {
        const zone = await api.zone();
        const { result } = await api.post(`zones/${zone}/access/service_tokens`, { name: "z" });
        assert.equal((await api.get(`zones/${zone}/access/service_tokens/${result.id}`)).status, 200);
        assert.equal((await api.get(`${TOKENS}/${result.id}`)).status, 404);
    });
});
