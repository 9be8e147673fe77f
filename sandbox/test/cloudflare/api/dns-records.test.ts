/** Proves that records are stored and validated as by the real API, according to its documentation. */
import assert from "node:assert/strict";
import { TestApi } from "../kit";

describe("A DNS record at the Cloudflare emulator", () => {
    let api: TestApi;
    let records: string;
    beforeEach(async () => {
        api = await TestApi.start();
        records = `zones/${await api.zone()}/dns_records`;
    });
    afterEach(() => api.close());
    const a = { name: "www", type: "A", content: "192.0.2.1", ttl: 300 };
    const make = async (body: object) => (await api.post(records, body)).result;

    it("returns everything that was sent, and fills in the other fields", async () => {
        const made = await make(a);
        const { id, created_on, modified_on, ...rest } = (await api.get(`${records}/${made.id}`)).result;
        assert.match(id, /^[0-9a-f]{32}$/);
        assert.equal(created_on, modified_on);
        assert.deepEqual(rest, {
            ...{ name: "www.example.test", type: "A", content: "192.0.2.1", ttl: 300, proxied: false, proxiable: true },
            ...{ comment: null, tags: [], settings: {}, meta: {} },
        });
    });

    const names: [written: string, kept: string][] = [
        ["@", "example.test"],
        ["WWW", "www.example.test"],
        ["www.example.test.", "www.example.test"],
        ["a.b", "a.b.example.test"],
        ["*", "*.example.test"],
        ["www.other.test", "www.other.test.example.test"],
    ];
    for (const [written, kept] of names)
        it(`stores the name ${written} as ${kept}`, async () =>
            assert.equal((await make({ ...a, name: written })).name, kept));

    it("stores TXT byte for byte, and host names in lower case without the final dot", async () => {
        assert.equal((await make({ name: "t", type: "TXT", content: '"v=spf1 -all"' })).content, '"v=spf1 -all"');
        assert.equal((await make({ name: "u", type: "TXT", content: "No quotes" })).content, "No quotes");
        const cname = await make({ name: "c", type: "CNAME", content: "Target.Example.COM." });
        assert.equal(cname.content, "target.example.com");
        assert.deepEqual(cname.settings, { flatten_cname: false, ipv4_only: false, ipv6_only: false });
    });

    const computed: [type: string, data: object, content: string][] = [
        ["CAA", { flags: 0, tag: "issue", value: "pki.goog" }, '0 issue "pki.goog"'],
        ["SRV", { priority: 10, weight: 5, port: 5060, target: "sip.example.test" }, "5 5060 sip.example.test"],
        ["TLSA", { usage: 3, selector: 1, matching_type: 1, certificate: "ab" }, "3 1 1 ab"],
        ["DS", { key_tag: 1, algorithm: 13, digest_type: 2, digest: "AB" }, "1 13 2 AB"],
    ];
    for (const [type, data, content] of computed) {
        it(`computes the content of ${type} from data, even when the request repeats the old content`, async () => {
            const made = await make({ name: "d", type, data });
            assert.deepEqual([made.content, made.data], [content, data]);
            const again = { name: "d", type, data, content: "old" };
            assert.equal((await api.put(`${records}/${made.id}`, again)).result.content, content);
        });
    }

    const refused: [why: string, body: object, code: number][] = [
        ["a proxied record with a ttl", { ...a, proxied: true }, 9003],
        ["a type that cannot be proxied", { name: "t", type: "TXT", content: "x", proxied: true }, 9004],
        [
            "a proxied ownership name of another service",
            { name: "_x", type: "CNAME", content: "y.acm-validations.aws", ttl: 1, proxied: true },
            9004,
        ],
        ["a ttl below 60", { ...a, ttl: 59 }, 9021],
        ["a ttl above a day", { ...a, ttl: 86401 }, 9021],
        ["an A record without an IPv4 address", { ...a, content: "example.test" }, 9005],
        ["an AAAA record without an IPv6 address", { ...a, type: "AAAA" }, 9006],
        ["a CNAME to an URL", { name: "c", type: "CNAME", content: "https://a.test" }, 9007],
        ["an MX record without priority", { name: "@", type: "MX", content: "mx.test" }, 9100],
        ["a record without content", { name: "a", type: "A" }, 9020],
        ["a CAA record without data", { name: "a", type: "CAA" }, 9101],
        ["a CAA record without one of its fields", { name: "a", type: "CAA", data: { flags: 0, tag: "issue" } }, 9101],
        ["a type that does not exist", { ...a, type: "AA" }, 1004],
        ["a name with a space", { ...a, name: "a b" }, 9000],
        ["tags on Free", { ...a, tags: ["a:b"] }, 9300],
    ];
    for (const [why, body, code] of refused) {
        it(`refuses ${why}`, async () => {
            const got = await api.post(records, body);
            assert.deepEqual([got.status, got.code], [400, code]);
            assert.equal((await api.get(records)).result.length, 0);
        });
    }

    it("names the reason why an ownership name of another service cannot be proxied", async () => {
        const proxiable = async (content: string) => (await make({ name: content, type: "CNAME", content })).proxiable;
        assert.equal(await proxiable("k.dkim.amazonses.com"), false);
        assert.equal(await proxiable("notonmicrosoft.com"), true);
    });

    it("accepts a ttl of 30 in an Enterprise zone", async () => {
        const [zone] = api.account.zones.values();
        api.account.setPlan(zone, "enterprise");
        assert.equal((await make({ ...a, ttl: 30 })).ttl, 30);
        assert.equal((await api.post(records, { ...a, name: "b", ttl: 29 })).code, 9021);
    });

    it("rejects a duplicate record, and accepts a second address of a name", async () => {
        await make(a);
        assert.equal((await api.post(records, { ...a, ttl: 60 })).code, 81058);
        assert.equal((await api.post(records, { ...a, content: "192.0.2.2" })).status, 200);
    });

    it("rejects a CNAME next to other records, in both orders", async () => {
        const cname = { name: "www", type: "CNAME", content: "a.test" };
        const { id } = await make(a);
        assert.equal((await api.post(records, cname)).code, 81053);
        await api.delete(`${records}/${id}`);
        await make(cname);
        for (const other of [a, { ...cname, content: "b.test" }, { name: "www", type: "TXT", content: "x" }])
            assert.equal((await api.post(records, other)).code, 81053, other.type);
    });

    it("accepts a CNAME at the apex next to MX and TXT records, and rejects it next to addresses", async () => {
        await make({ name: "@", type: "MX", content: "mx.test", priority: 10 });
        assert.equal((await api.post(records, { name: "@", type: "CNAME", content: "a.test" })).status, 200);
        assert.equal((await api.post(records, { name: "@", type: "TXT", content: "x" })).status, 200);
        assert.equal((await api.post(records, { ...a, name: "@" })).code, 81053);
    });

    it("deletes fields that a PUT sends as null, and compares the record with others but not with itself", async () => {
        const { id } = await make({ ...a, comment: "hello" });
        await make({ ...a, content: "192.0.2.2" });
        const put = (content: string) => api.put(`${records}/${id}`, { ...a, content, comment: null });
        assert.equal((await put("192.0.2.1")).result.comment, null);
        assert.equal((await put("192.0.2.2")).code, 81058);
        const other = { ...a, type: "TXT", content: "x" };
        assert.equal((await api.put(`${records}/${id}`, other)).status, 400, "type changed");
    });

    it("changes single fields with PATCH", async () => {
        const { id } = await make(a);
        const { result } = await api.patch(`${records}/${id}`, { ttl: 1, proxied: true });
        assert.deepEqual([result.ttl, result.proxied, result.content], [1, true, "192.0.2.1"]);
    });

    it("is found by name, type and content", async () => {
        await make(a);
        await make({ ...a, name: "api", content: "192.0.2.9" });
        const found = async (query: string) => (await api.get(`${records}?${query}`)).result.map((r: any) => r.name);
        assert.deepEqual(await found("name=api.example.test"), ["api.example.test"]);
        assert.deepEqual(await found("name.exact=www.example.test&type=A"), ["www.example.test"]);
        assert.deepEqual(await found("content=192.0.2.9"), ["api.example.test"]);
        assert.deepEqual(await found("type=AAAA"), []);
    });

    it("changes several records in one transaction, or none", async () => {
        const old = await make(a);
        const good = { deletes: [{ id: old.id }], posts: [{ ...a, content: "192.0.2.5" }] };
        const bad = { ...good, posts: [...good.posts, { ...a, content: "nonsense" }] };
        assert.equal((await api.post(`${records}/batch`, bad)).status, 400);
        assert.deepEqual(
            (await api.get(records)).result.map((r: any) => r.content),
            ["192.0.2.1"],
        );
        const { result } = await api.post(`${records}/batch`, good);
        assert.deepEqual([result.deletes.length, result.posts[0].content], [1, "192.0.2.5"]);
        assert.equal((await api.get(records)).result.length, 1);
    });

    it("exports a zone file with what a name server needs", async () => {
        await make(a);
        await make({ name: "api", type: "CNAME", content: "x.cfargotunnel.com", proxied: true });
        await make({ name: "@", type: "MX", content: "mx.test", priority: 10, ttl: 3600 });
        await make({ name: "long", type: "TXT", content: "x".repeat(300) });
        const got = await api.get(`${records}/export`);
        assert.match(got.headers.get("content-type") ?? "", /^text\/plain/);
        for (const line of [
            "example.test.\t86400\tIN\tNS\tada.ns.cloudflare.com.",
            "www.example.test.\t300\tIN\tA\t192.0.2.1 ; cf_tags=cf-proxied:false",
            "api.example.test.\t1\tIN\tCNAME\tx.cfargotunnel.com. ; cf_tags=cf-proxied:true",
            "example.test.\t3600\tIN\tMX\t10 mx.test.",
            `long.example.test.\t1\tIN\tTXT\t"${"x".repeat(255)}" "${"x".repeat(45)}"`,
        ])
            assert.ok(got.text.split("\n").includes(line), `${line}\n${got.text}`);
    });
});
