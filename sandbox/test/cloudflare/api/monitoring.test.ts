/**
 * Proves that health checks and notification policies are stored as sent, with the API's defaults. Not compared with the real
 * API.
 */
import assert from "node:assert/strict";
import { TestApi } from "../kit";

const POLICIES = "accounts/{account}/alerting/v3/policies";

describe("Monitoring at the Cloudflare emulator", () => {
    let api: TestApi;
    let checks: string;
    beforeEach(async () => {
        api = await TestApi.start({ plan: "pro" });
        checks = `zones/${await api.zone()}/healthchecks`;
    });
    afterEach(() => api.close());
    const http_config = { method: "GET", path: "/healthz", port: 443, expected_codes: ["200"] };

    it("stores a health check as sent, with defaults", async () => {
        const { id } = (await api.post(checks, { name: "hc", address: "api.example.test", type: "HTTPS", http_config }))
            .result;
        const { result } = await api.get(`${checks}/${id}`);
        assert.deepEqual(result.http_config, http_config);
        assert.deepEqual([result.interval, result.retries, result.timeout, result.status], [60, 2, 5, "unknown"]);
        await api.put(`${checks}/${id}`, { name: "hc", address: "api.example.test", interval: 120 });
        assert.equal((await api.get(`${checks}/${id}`)).result.interval, 120);
        await api.delete(`${checks}/${id}`);
        assert.equal((await api.get(`${checks}/${id}`)).status, 404);
    });

    it("rejects health checks on plan Free", async () => {
        const [zone] = api.account.zones.values();
        api.account.setPlan(zone, "free");
        const got = await api.post(checks, { name: "hc", address: "api.example.test" });
        assert.equal(got.status, 403);
    });

    const policy = {
        ...{ name: "expiring", alert_type: "expiring_service_token_alert", enabled: true },
        mechanisms: { email: [{ id: "ops@example.test" }] },
    };
    it("answers the creation of a notification policy with only its id, and a read with everything", async () => {
        const { result } = await api.post(POLICIES, policy);
        assert.deepEqual(Object.keys(result), ["id"]);
        const { id, created, modified, ...rest } = (await api.get(`${POLICIES}/${result.id}`)).result;
        assert.deepEqual([id, created, rest], [result.id, modified, policy]);
    });

    it("rejects a policy without a recipient, or with an invalid address", async () => {
        assert.equal((await api.post(POLICIES, { ...policy, mechanisms: {} })).status, 400);
        assert.equal((await api.post(POLICIES, { ...policy, mechanisms: { email: [{ id: "ops" }] } })).status, 400);
    });

    it("rejects an unregistered webhook or service, and names an alert type that the emulator does not implement", async () => {
        for (const mechanism of ["webhooks", "pagerduty"]) {
            const got = await api.post(POLICIES, { ...policy, mechanisms: { [mechanism]: [{ id: "0".repeat(32) }] } });
            assert.equal(got.status, 400, mechanism);
        }
        const got = await api.post(POLICIES, { ...policy, alert_type: "clickhouse_alert" });
        assert.deepEqual([got.status, /clickhouse_alert/.test(got.message)], [501, true]);
    });
});
