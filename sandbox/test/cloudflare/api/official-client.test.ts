/** Proves that Cloudflare's own client library can read the lists, pages and errors of the emulator. */
import assert from "node:assert/strict";
import Cloudflare from "cloudflare";
import { ADMIN, TestApi } from "../kit";

describe("Cloudflare API emulator, read by the official client", () => {
    let api: TestApi;
    let client: Cloudflare;
    before(async () => {
        api = await TestApi.start();
        client = new Cloudflare({ apiToken: ADMIN, baseURL: api.api.url });
    });
    after(() => api.close());

    it("pages through all records, and stops at the empty page", async () => {
        const zone_id = await api.zone();
        for (let i = 0; i < 7; i++)
            await client.dns.records.create({
                zone_id,
                name: `r${i}`,
                type: "A",
                content: `192.0.2.${i + 1}`,
                ttl: 300,
            });
        const before = api.api.requests.length;
        const names: string[] = [];
        for await (const record of client.dns.records.list({ zone_id, per_page: 3 })) names.push(record.name);
        assert.deepEqual(
            names,
            [0, 1, 2, 3, 4, 5, 6].map((i) => `r${i}.example.test`),
        );
        const asked = api.api.requests.slice(before).map(({ query }) => new URLSearchParams(query).get("page"));
        assert.deepEqual(asked, [null, "2", "3", "4"]);
    });

    it("finds a zone only by its name", async () => {
        await api.zone("named.test");
        const found = await client.zones.list({ name: "named.test", account: { id: api.account.id } });
        assert.deepEqual(
            found.result.map((zone) => zone.name),
            ["named.test"],
        );
        assert.equal((await client.zones.list({ name: "none.test" })).result.length, 0);
    });

    it("counts the service tokens of the account", async () => {
        const account_id = api.account.id;
        for (const name of ["a", "b", "c"])
            await client.zeroTrust.access.serviceTokens.create({ account_id, name, duration: "8760h" });
        const names: (string | undefined)[] = [];
        const list = client.zeroTrust.access.serviceTokens.list({ account_id, per_page: 2 });
        for await (const token of list) names.push(token.name);
        assert.deepEqual(names, ["a", "b", "c"]);
    });

    it("creates a tunnel, configures it and gets its token", async () => {
        const account_id = api.account.id;
        const tunnels = client.zeroTrust.tunnels.cloudflared;
        const tunnel = await tunnels.create({ account_id, name: "t", config_src: "cloudflare" });
        const id = tunnel.id as string;
        const config = { ingress: [{ hostname: "", service: "http_status:404" }] };
        const set = await tunnels.configurations.update(id, { account_id, config });
        assert.equal(set.version, 1);
        const token = JSON.parse(Buffer.from(await tunnels.token.get(id, { account_id }), "base64").toString());
        assert.deepEqual([token.a, token.t], [account_id, id]);
    });

    it("gets rejections as the client's own error types", async () => {
        const unknown = client.zones.get({ zone_id: "0".repeat(32) });
        await assert.rejects(unknown, Cloudflare.NotFoundError);
        const stranger = new Cloudflare({ apiToken: "y".repeat(40), baseURL: api.api.url });
        await assert.rejects(async () => stranger.zones.list(), Cloudflare.AuthenticationError);
        const account_id = api.account.id;
        await client.zeroTrust.tunnels.cloudflared.create({ account_id, name: "twice" });
        const before = api.api.requests.length;
        const again = client.zeroTrust.tunnels.cloudflared.create({ account_id, name: "twice" });
        await assert.rejects(again, Cloudflare.ConflictError);
        assert.equal(api.api.requests.length, before + 1, "was asked again");
    });

    it("waits and retries after 429", async () => {
        api.account.faults.add({ status: 429, times: 2 });
        assert.equal((await client.accounts.list()).result.length, 1);
    });
});
