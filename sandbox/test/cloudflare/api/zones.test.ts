/**
 * Proves that zones and their settings are created, found and validated as by the real API. Not compared with the real service.
 */
import assert from "node:assert/strict";
import { TestApi } from "../kit";

describe("A zone at the Cloudflare emulator", () => {
    let api: TestApi;
    beforeEach(async () => {
        api = await TestApi.start();
    });
    afterEach(() => api.close());
    const create = (body: object) => api.post("zones", { account: { id: api.account.id }, ...body });

    it("is created pending, with its account and an empty list of vanity servers", async () => {
        const { result } = await create({ name: "Example.Test", type: "full", paused: true });
        assert.deepEqual(
            [result.name, result.status, result.paused, result.account.id, result.vanity_name_servers],
            ["example.test", "pending", true, api.account.id, []],
        );
    });

    const refused: [why: string, body: object, status: number, code: number][] = [
        ["a name without a dot", { name: "localhost" }, 400, 1002],
        ["a name with a scheme", { name: "https://example.test" }, 400, 1002],
        ["an account that does not exist", { name: "a.test", account: { id: "0".repeat(32) } }, 400, 1067],
        ["a missing name", {}, 400, 1002],
        ["a type that does not exist", { name: "a.test", type: "half" }, 400, 1002],
        ["a type that is unsupported", { name: "a.test", type: "partial" }, 501, 501],
        ["vanity name servers on Free", { name: "a.test", vanity_name_servers: ["ns1.a.test"] }, 400, 1006],
    ];
    for (const [why, body, status, code] of refused) {
        it(`rejects ${why}`, async () => {
            const got = await create(body);
            assert.deepEqual([got.status, got.code], [status, code]);
        });
    }

    it("is rejected if this or another account already has it", async () => {
        await api.zone();
        assert.equal((await create({ name: "example.test" })).code, 1061);
        api.account.zonesElsewhere.add("theirs.test");
        assert.equal((await create({ name: "theirs.test" })).code, 1061);
    });

    it("is found by name and account, and lists end with an empty page", async () => {
        for (const name of ["a.test", "b.test", "c.test"]) await api.zone(name);
        const names = async (query: string) => (await api.get(`zones?${query}`)).result.map((z: any) => z.name);
        assert.deepEqual(await names(`name=b.test&account.id=${api.account.id}`), ["b.test"]);
        assert.deepEqual(await names(`name=b.test&account.id=${"0".repeat(32)}`), []);
        assert.deepEqual(await names("status=active"), []);
        assert.deepEqual(await names("order=name&direction=desc&per_page=2"), ["c.test", "b.test"]);
        assert.deepEqual(await names("per_page=2&page=2"), ["c.test"]);
        const past = await api.get("zones?per_page=2&page=3");
        const info = { page: 3, per_page: 2, count: 0, total_count: 3, total_pages: 2 };
        assert.deepEqual([past.result, past.body.result_info], [[], info]);
        assert.equal((await api.get("zones?page=0")).status, 400);
        assert.equal((await api.get("zones?per_page=51")).status, 400);
    });

    it("can be paused, and is deleted with everything in it", async () => {
        const id = await api.zone();
        assert.equal((await api.patch(`zones/${id}`, { paused: true })).result.paused, true);
        await api.post(`zones/${id}/dns_records`, { name: "a", type: "A", content: "192.0.2.1" });
        const rules = { name: "r", kind: "zone", phase: "http_request_firewall_custom", rules: [] };
        await api.post(`zones/${id}/rulesets`, rules);
        assert.deepEqual((await api.delete(`zones/${id}`)).result, { id });
        assert.equal((await api.get(`zones/${id}`)).status, 404);
        assert.equal(api.account.rulesets.size, 0);
        assert.equal(api.account.records(id).size, 0);
    });

    it("stores a setting's value in its own type, and has a default for each", async () => {
        const id = await api.zone();
        const hsts = { strict_transport_security: { enabled: true, max_age: 86400 } };
        const values: [id: string, value: unknown][] = [
            ["ssl", "strict"],
            ["browser_cache_ttl", 14400],
            ["security_header", hsts],
        ];
        for (const [setting, value] of values) {
            const path = `zones/${id}/settings/${setting}`;
            assert.notEqual((await api.get(path)).result.value, undefined);
            await api.patch(path, { value });
            const { result } = await api.get(path);
            assert.deepEqual([result.id, result.value, result.editable], [setting, value, true]);
        }
    });

    it("rejects a setting's invalid value, and a setting of a higher plan", async () => {
        const id = await api.zone();
        assert.equal((await api.patch(`zones/${id}/settings/ssl`, { value: "very" })).status, 400);
        assert.equal((await api.patch(`zones/${id}/settings/browser_cache_ttl`, { value: 14401 })).status, 400);
        const timeout = `zones/${id}/settings/proxy_read_timeout`;
        const low = await api.patch(timeout, { value: 600 });
        assert.equal(low.status, 403);
        assert.match(low.message, /proxy_read_timeout/);
        assert.equal((await api.get(timeout)).result.editable, false);
        const zone = api.account.zones.get(id);
        if (zone) api.account.setPlan(zone, "enterprise");
        assert.equal((await api.patch(timeout, { value: 600 })).result.value, 600);
        assert.equal((await api.patch(timeout, { value: 6001 })).status, 400);
        assert.equal((await api.patch(timeout, { value: "600" })).status, 400);
    });
});
