/**
 * Proves that zones change their status as Cloudflare documents. The times are those of the account's clock. Not
 * compared with the real service.
 */
import assert from "node:assert/strict";
import { Account, type Zone } from "../../cloudflare/account";
import { START, TestApi } from "./kit";

const DAY = 24 * 3600;

describe("State of a zone at the Cloudflare emulator", () => {
    let api: TestApi;
    let parent: string[];
    let zone: Zone;
    beforeEach(async () => {
        api = await TestApi.start({ certificateSeconds: 120 });
        parent = ["ns1.old.test", "ns2.old.test"];
        api.account.delegation = () => parent;
        zone = api.account.zones.get(await api.zone()) as Zone;
    });
    afterEach(() => api.close());
    const status = async () => (await api.get(`zones/${zone.id}`)).result.status;
    const check = () => api.put(`zones/${zone.id}/activation_check`, undefined);

    it("is pending with two assigned servers, and the parent's servers are known", async () => {
        const { result } = await api.get(`zones/${zone.id}`);
        assert.deepEqual([result.status, result.activated_on], ["pending", null]);
        assert.equal(result.name_servers.length, 2);
        assert.deepEqual(result.original_name_servers, ["ns1.old.test", "ns2.old.test"]);
    });

    it("stays pending while the parent zone names the old servers, or old and new ones", async () => {
        await check();
        assert.equal(await status(), "pending");
        parent = [...zone.name_servers, "ns1.old.test"];
        api.account.delegated(zone);
        assert.equal(await status(), "pending");
        parent = [zone.name_servers[0]];
        api.account.delegated(zone);
        assert.equal(await status(), "pending");
    });

    it("becomes active by an activation check when the parent has exactly its own servers, in any order and case", async () => {
        parent = [...zone.name_servers].reverse().map((name) => `${name.toUpperCase()}.`);
        assert.equal((await check()).result.id, zone.id);
        assert.equal(await status(), "active");
    });

    it("becomes active by itself after a minute", async () => {
        parent = zone.name_servers;
        api.account.advance(59);
        assert.equal(await status(), "pending");
        api.account.advance(2);
        assert.equal(await status(), "active");
    });

    it("is checked on request at most once an hour on plan Free", async () => {
        assert.equal((await check()).status, 200);
        const again = await check();
        assert.deepEqual([again.status, again.headers.get("retry-after")], [429, "3600"]);
        api.account.advance(3600);
        assert.equal((await check()).status, 200);
    });

    it("has an edge certificate some time after activation", async () => {
        const packs = async () => (await api.get(`zones/${zone.id}/ssl/certificate_packs?status=all`)).result;
        assert.deepEqual(await packs(), []);
        parent = zone.name_servers;
        await check();
        assert.deepEqual(
            (await packs()).map((pack: any) => [pack.status, pack.hosts]),
            [["pending_validation", ["example.test", "*.example.test"]]],
        );
        assert.deepEqual((await api.get(`zones/${zone.id}/ssl/certificate_packs`)).result, []);
        api.account.advance(121);
        assert.equal((await packs())[0].status, "active");
    });

    it("has no edge certificate while CAA records allow none of Cloudflare's authorities", async () => {
        const caa = (value: string, tag = "issue") => ({ name: "@", type: "CAA", data: { flags: 0, tag, value } });
        await api.post(`zones/${zone.id}/dns_records`, caa("other.test"));
        await api.post(`zones/${zone.id}/dns_records`, caa("other.test", "issuewild"));
        parent = zone.name_servers;
        await check();
        api.account.advance(DAY);
        assert.equal(zone.certificate_packs[0].status, "pending_validation");
        await api.post(`zones/${zone.id}/dns_records`, caa("letsencrypt.org"));
        // The certificate also names *.example.test, for which issuewild takes precedence over issue (RFC 8659, 4.3).
        assert.equal(api.account.zones.get(zone.id)?.certificate_packs[0].status, "pending_validation");
        await api.post(`zones/${zone.id}/dns_records`, caa("letsencrypt.org", "issuewild"));
        assert.equal(api.account.zones.get(zone.id)?.certificate_packs[0].status, "active");
    });

    it("becomes moved when the parent zone names none of its servers, and active again when it names them", async () => {
        parent = zone.name_servers;
        await check();
        parent = [zone.name_servers[0], "ns1.old.test"];
        api.account.delegated(zone);
        assert.equal(await status(), "active");
        parent = ["ns1.old.test"];
        api.account.delegated(zone);
        assert.equal(await status(), "moved");
        parent = zone.name_servers;
        api.account.delegated(zone);
        assert.equal(await status(), "active");
    });

    it("is deleted after 28 days in status pending, not before", async () => {
        api.account.advance(28 * DAY - 1);
        assert.equal(await status(), "pending");
        api.account.advance(1);
        assert.equal((await api.get(`zones/${zone.id}`)).status, 404);
    });

    it("is deleted after 7 days in status moved, and kept on a paid plan", async () => {
        const moved = async () => {
            parent = zone.name_servers;
            api.account.delegated(zone);
            parent = ["ns1.old.test"];
            api.account.delegated(zone);
        };
        await moved();
        api.account.setPlan(zone, "pro");
        api.account.advance(8 * DAY);
        assert.equal(await status(), "moved");
        await moved();
        api.account.setPlan(zone, "free");
        api.account.advance(7 * DAY);
        assert.equal((await api.get(`zones/${zone.id}`)).status, 404);
    });

    it("gets other servers when the zone is deleted and added again", async () => {
        const before = zone.name_servers;
        await api.delete(`zones/${zone.id}`);
        const again = api.account.zones.get(await api.zone()) as Zone;
        assert.equal(again.name_servers.filter((name) => before.includes(name)).length, 0);
    });

    it("is sent to listeners when it changes, while they may read the account", () => {
        const account = new Account({ clock: () => START });
        const seen: string[] = [];
        account.on("changed", ({ kind, id }) => seen.push(`${kind} ${id} ${account.zones.size}`));
        account.addZone({ ...zone, id: "z" });
        account.advance(29 * DAY);
        assert.deepEqual(seen, ["zone z 1", "zone z 0"]);
    });

    it("is signed: pending until its DS is at the parent, and pending-disabled while the DS is still there", async () => {
        let ds: string[] = [];
        api.account.dsAtParent = () => ds;
        const path = `zones/${zone.id}/dnssec`;
        const made = (await api.patch(path, { status: "active" })).result;
        assert.deepEqual([made.status, made.algorithm, made.flags], ["pending", "13", 257]);
        assert.match(made.ds, /^example\.test\. 3600 IN DS \d+ 13 2 [0-9A-F]{64}$/);
        ds = [`${made.key_tag} 13 2 ${made.digest}`];
        assert.equal((await api.get(path)).result.status, "active");
        await api.patch(path, { status: "disabled" });
        assert.equal((await api.get(path)).result.status, "pending-disabled");
        ds = [];
        const off = (await api.get(path)).result;
        assert.deepEqual([off.status, off.ds], ["disabled", undefined]);
        assert.equal((await api.delete(path)).result, "deleted");
    });
});
