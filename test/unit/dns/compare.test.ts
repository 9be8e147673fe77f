// Proves that the comparison finds every difference that callers could notice, and no others.
import { strict as assert } from "node:assert";
import { compare, type ComparedRow } from "../../../dns/compare";
import { startDnsServer, type Says } from "../../../sandbox/dns/server";
import { refuse } from "../../../sandbox/dns/zone";
import { endSides, RECORDS, rr, side, ZONE, type Side } from "./kit";

const change = (from: string, to: object) => (records: any[]) => {
    const found = records.filter((r) => `${r.name} ${r.type}` === from);
    assert.ok(found.length > 0, from);
    Object.assign(found[0], to);
};
const drop = (key: string) => (records: any[]) => {
    const at = records.findIndex((r) => `${r.name} ${r.type}` === key);
    assert.ok(at >= 0, key);
    records.splice(at, 1);
};
const add = (line: string) => (records: any[]) => void records.push(rr(line));

describe("comparison of both sides", () => {
    let old: Side, fresh: Side;
    beforeEach(async () => {
        old = await side(RECORDS, "old");
        fresh = await side(RECORDS, "new");
    });
    afterEach(endSides);
    const rows = (more: object = {}) =>
        compare({ zone: ZONE, records: RECORDS, old: [old.at], new: [fresh.at], ...more });
    const wrong = (all: ComparedRow[]) => all.filter(({ equal }) => !equal);

    it("accepts equal sides, and queries every set and what must not exist", async () => {
        const all = await rows();
        assert.deepEqual(wrong(all), []);
        const asked = all.map(({ name, type }) => `${name.replace(/alpa-auth-[0-9a-f]+/, "RANDOM")} ${type}`);
        for (const expected of [
            ...["example.com A", "example.com MX", "example.com TXT", "example.com CAA", "www.example.com CNAME"],
            ...["alpa.example.com A", "mail.example.com AAAA", "lab.example.com NS", "ns.lab.example.com A"],
            ...["RANDOM.apps.example.com A", "RANDOM.example.com A", "alpa.example.com AAAA", "example.com AAAA"],
            ...["apps.example.com A", "_domainkey.example.com A"],
        ])
            assert.ok(asked.includes(expected), `${expected} is not among ${asked.join(", ")}`);
    });

    const same: [what: string, work: (records: any[]) => void][] = [
        ["another ttl", change("mail.example.com A", { ttl: 60 })],
        ["another order", (records) => void records.reverse()],
        ["names in another case", change("example.com MX", { content: "MAIL.example.COM" })],
    ];
    for (const [what, work] of same)
        it(`ignores ${what}`, async () => {
            work(fresh.zone.records);
            assert.deepEqual(wrong(await rows()), []);
        });

    const differences: [what: string, work: (records: any[]) => void, expected: string][] = [
        ["a changed address", change("mail.example.com A", { content: "192.0.2.99" }), "mail.example.com A"],
        ["one address of two missing", drop("alpa.example.com A"), "alpa.example.com A"],
        ["a record missing", drop("example.com TXT"), "example.com TXT"],
        ["another priority", change("example.com MX", { priority: 20 }), "example.com MX"],
        ["a text that differs in its case", change("example.com TXT", { content: "V=spf1 -all" }), "example.com TXT"],
        ["an address that must not exist", add("alpa AAAA 2001:db8::1"), "alpa.example.com AAAA"],
        ["a wildcard that must not exist", add("* A 192.0.2.66"), "RANDOM.example.com A"],
        ["a wildcard missing", drop("*.apps.example.com A"), "RANDOM.apps.example.com A"],
        [
            "a delegation to other servers",
            change("lab.example.com NS", { content: "ns.evil.example" }),
            "lab.example.com NS",
        ],
        ["a delegation missing", drop("lab.example.com NS"), "lab.example.com NS"],
        ["mail where there must be none", add("@ AAAA 2001:db8::1"), "example.com AAAA"],
        [
            "a name changed to a CNAME",
            (r) => (
                drop("mail.example.com AAAA")(r),
                change("mail.example.com A", { type: "CNAME", content: "x.example.net" })(r)
            ),
            "mail.example.com A",
        ],
    ];
    for (const side of ["old", "new"] as const)
        for (const [what, work, expected] of differences)
            it(`finds ${what} on the ${side} side`, async () => {
                work((side === "old" ? old : fresh).zone.records);
                const found = wrong(await rows()).map(
                    ({ name, type }) => `${name.replace(/alpa-auth-[0-9a-f]+/, "RANDOM")} ${type}`,
                );
                assert.ok(found.includes(expected), found.join(", "));
            });

    it("finds that both sides agree and the data differs", async () => {
        for (const { zone } of [old, fresh]) change("mail.example.com A", { content: "192.0.2.99" })(zone.records);
        const [row] = wrong(await rows());
        assert.equal(row.note, "old and new servers agree, but the records file has 192.0.2.25");
    });

    it("distinguishes NXDOMAIN from NODATA", async () => {
        const records = RECORDS.filter(({ name }) => !name.includes("apps"));
        old.zone.records = structuredClone(records);
        fresh.zone.records = structuredClone(records);
        const all = await rows({ records });
        const of = (name: RegExp) => all.find((row) => name.test(row.name) && row.type === "A")?.old;
        assert.equal(of(/^alpa-auth-/), "NXDOMAIN");
        assert.equal(of(/^_domainkey/), "NODATA");
        // A record below `apps` makes the name `apps` exist, although `apps` itself has no record.
        fresh.zone.records.push(rr("x.apps A 192.0.2.1"));
        const extended = [...records, rr("x.apps A 192.0.2.1")];
        const [row] = wrong(await rows({ records: extended })).filter(({ name }) => name === "apps.example.com");
        assert.deepEqual([row.old, row.new], ["NXDOMAIN", "NODATA"]);
    });

    it("finds that the servers of one side disagree", async () => {
        const third = await side(RECORDS, "third");
        change("mail.example.com A", { content: "192.0.2.99" })(third.zone.records);
        const [row] = wrong(await rows({ old: [old.at, third.at] }));
        assert.equal(row.old, "old: 192.0.2.25; third: 192.0.2.99");
    });

    it("accepts any address of a proxied name when the edge answers, and compares the address before", async () => {
        const flagged = RECORDS.map((r) => (r.name === "alpa.example.com" ? { ...r, proxied: true } : r));
        change("alpa.example.com A", { content: "198.51.100.1" })(fresh.zone.records);
        fresh.zone.records.push(rr("alpa AAAA 2001:db8::ed"));
        assert.deepEqual(wrong(await rows({ records: flagged, atEdge: true })), []);
        assert.ok(wrong(await rows({ records: flagged })).length > 0);
        fresh.zone.records = fresh.zone.records.filter(({ name }) => name !== "alpa.example.com");
        const [row] = wrong(await rows({ records: flagged, atEdge: true }));
        assert.equal(row.note, "the new servers have no addresses for this proxied name");
    });

    it("does not treat two failures as equal answers", async () => {
        const fails: Says = (name, type) =>
            name.startsWith("alpa-auth-") ? refuse("SERVFAIL") : old.zone.says(name, type);
        const server = await startDnsServer(fails);
        try {
            const at = { label: "failing", host: "127.0.0.1", port: server.port };
            const [row] = wrong(await rows({ old: [at], new: [at] }));
            assert.deepEqual([row.old, row.new], ["SERVFAIL", "SERVFAIL"]);
            assert.equal(row.note, "a server failed, or servers of the same list gave different answers");
        } finally {
            await server.close();
        }
    });

    it("names every server that is unreachable, before any query", async () => {
        fresh.server.silent = true;
        old.server.udpOnly = true;
        const started = Date.now();
        await assert.rejects(rows({ signal: AbortSignal.timeout(1500) }), (error: Error) => {
            assert.match(error.message, /new: no time left/);
            assert.match(error.message, /old: closed before an answer/);
            return true;
        });
        assert.ok(Date.now() - started < 20_000);
    });

    it("says so when a server does not have the zone", async () => {
        await assert.rejects(rows({ zone: "example.org", records: [] }), /old: answers REFUSED for example\.org/);
    });
});
