/**
 * Proves that the emulated name servers of Cloudflare answer as documented, with the data of the account. Not compared
 * with the real name servers.
 */
import { strict as assert } from "node:assert";
import { cloudflareSays, EDGE, textStrings } from "../../dns/cloudflare";
import { dsOf } from "../../dns/resolver";
import { valueOf } from "../../../dns/values";
import type { Zone } from "../../cloudflare/account";
import { ZONE } from "../../../test/unit/dns/kit";
import { TestApi } from "../cloudflare/kit";

describe("emulator of Cloudflare's name servers", () => {
    let api: TestApi;
    let zone: Zone;
    beforeEach(async () => {
        api = await TestApi.start();
        zone = api.account.zones.get(await api.zone(ZONE))!;
    });
    afterEach(() => api.close());

    const add = async (name: string, type: string, content: string, more: object = {}) => {
        const { status, message } = await api.post(`zones/${zone.id}/dns_records`, {
            name,
            type,
            content,
            ttl: 300,
            ...more,
        });
        assert.equal(status, 200, message);
    };
    const PROXIED = { proxied: true, ttl: 1 };
    const activate = () => {
        api.account.delegation = () => zone.name_servers;
        api.account.delegated(zone);
    };
    const says = (name: string, type: string, addressesOf?: (name: string) => string[]) => {
        const reply = cloudflareSays(api.account, { addressesOf })(name, type);
        return reply.rcode === "NOERROR"
            ? reply.answers.map((one) => `${(one as { ttl: number }).ttl} ${valueOf(one)}`)
            : reply.rcode;
    };
    const edge = (list: string[]) => list.map((address) => `300 ${address}`);

    it("answer at once for a pending zone, with the origin even for proxied names", async () => {
        await add("a", "A", "192.0.2.1", PROXIED);
        await add("c", "CNAME", "origin.example.net", PROXIED);
        assert.deepEqual(says("a.example.com", "A"), ["300 192.0.2.1"]);
        assert.deepEqual(says("c.example.com", "CNAME"), ["300 origin.example.net"]);
        assert.deepEqual(
            says(ZONE, "NS"),
            zone.name_servers.map((name) => `86400 ${name}`),
        );
    });

    it("answer with the edge's addresses of both families for proxied names of an active zone", async () => {
        await add("a", "A", "192.0.2.1", PROXIED);
        await add("c", "CNAME", "origin.example.net", PROXIED);
        await add("d", "A", "192.0.2.2", { ttl: 3600 });
        activate();
        for (const name of ["a.example.com", "c.example.com"]) {
            assert.deepEqual(says(name, "A"), edge(EDGE.v4));
            assert.deepEqual(says(name, "AAAA"), edge(EDGE.v6));
            assert.deepEqual(says(name, "CNAME"), []);
        }
        assert.deepEqual(says("d.example.com", "A"), ["3600 192.0.2.2"]);
    });

    it("answer with the origin again while a zone is paused", async () => {
        await add("a", "A", "192.0.2.1", PROXIED);
        activate();
        await api.patch(`zones/${zone.id}`, { paused: true });
        assert.deepEqual(says("a.example.com", "A"), ["300 192.0.2.1"]);
    });

    it("keep answering for a moved zone until it is deleted", async () => {
        await add("a", "A", "192.0.2.1", PROXIED);
        activate();
        api.account.delegation = () => ["ns1.example.net"];
        api.account.delegated(zone);
        assert.equal(zone.status, "moved");
        assert.deepEqual(says("a.example.com", "A"), edge(EDGE.v4));
        api.account.advance(8 * 86400);
        assert.equal(says("a.example.com", "A"), "REFUSED");
    });

    it("flatten a CNAME at the apex, inside the zone and outside, and fail if the target is unknown", async () => {
        await add("@", "CNAME", "target.example.net");
        await add("@", "MX", "mx.example.net", { priority: 10 });
        const known = (name: string) => (name === "target.example.net" ? ["203.0.113.1", "2001:db8::1"] : []);
        assert.deepEqual(says(ZONE, "A", known), ["300 203.0.113.1"]);
        assert.deepEqual(says(ZONE, "AAAA", known), ["300 2001:db8::1"]);
        assert.deepEqual(says(ZONE, "CNAME", known), []);
        assert.deepEqual(says(ZONE, "MX", known), ["300 10 mx.example.net"]);
        assert.equal(says(ZONE, "A"), "SERVFAIL");
        await add("w", "A", "192.0.2.9");
        const [record] = [...api.account.records(zone.id).values()].filter((r) => r.type === "CNAME");
        record.content = "w.example.com";
        assert.deepEqual(says(ZONE, "A"), ["300 192.0.2.9"]);
    });

    it("answer every type of the data as it was written", async () => {
        const data = (type: string, fields: object) =>
            api.post(`zones/${zone.id}/dns_records`, { name: "x", type, ttl: 60, data: fields });
        await add("x", "TXT", '"one" "two \\"2\\""');
        await add("p", "PTR", "host.example.net");
        await data("CAA", { flags: 0, tag: "issue", value: "pki.goog" });
        await data("SRV", { priority: 1, weight: 2, port: 3, target: "s.example.net" });
        await data("TLSA", { usage: 3, selector: 1, matching_type: 1, certificate: "abcd" });
        await data("DS", { key_tag: 1, algorithm: 13, digest_type: 2, digest: "abcd" });
        assert.deepEqual(says("x.example.com", "TXT"), ['300 onetwo "2"']);
        assert.deepEqual(says("p.example.com", "PTR"), ["300 host.example.net"]);
        assert.deepEqual(says("x.example.com", "CAA"), ['60 0 issue "pki.goog"']);
        assert.deepEqual(says("x.example.com", "SRV"), ["60 1 2 3 s.example.net"]);
        assert.deepEqual(says("x.example.com", "TLSA"), ["60 3 1 1 abcd"]);
        assert.deepEqual(says("x.example.com", "DS"), ["60 1 13 2 abcd"]);
    });

    it("reject records of unsupported types, and queries for zones that do not exist", async () => {
        const fields = { priority: 1, target: ".", value: "alpn=h2" };
        const made = await api.post(`zones/${zone.id}/dns_records`, {
            name: "h",
            type: "HTTPS",
            ttl: 60,
            data: fields,
        });
        assert.equal(made.status, 200);
        assert.equal(says("h.example.com", "HTTPS"), "NOTIMP");
        assert.equal(says("example.org", "A"), "REFUSED");
    });

    it("serve the key of the DS record while the zone is signed", async () => {
        assert.deepEqual(says(ZONE, "DNSKEY"), []);
        await api.patch(`zones/${zone.id}/dnssec`, { status: "active" });
        const reply = cloudflareSays(api.account)(ZONE, "DNSKEY");
        const ds = zone.dnssec.key!.ds.replace(/^.* DS /, "").toLowerCase();
        assert.equal(dsOf(ZONE, valueOf(reply.answers[0])), ds);
        await api.patch(`zones/${zone.id}/dnssec`, { status: "disabled" });
        assert.deepEqual(says(ZONE, "DNSKEY"), []);
    });

    it("split a text without quotes into strings, and keep quoted strings", () => {
        assert.deepEqual(
            textStrings("k".repeat(300)).map((s) => s.length),
            [255, 45],
        );
        assert.deepEqual(textStrings('"a" "b\\"c"'), ["a", 'b"c']);
    });
});
