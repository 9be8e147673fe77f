// Proves how Azure's exports are converted. The exports are modelled on the CLI's output; none is of a real zone.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { recordValue, type ZoneRecord } from "../../../components/cloudflare/dns-record";
import { importBind } from "../../../dns/import-bind";
import { importRecordSets } from "../../../dns/import-record-sets";
import { type Imported } from "../../../dns/imported";

const EXPORT = readFileSync(join(__dirname, "../../../docs/examples/azure-export.txt"), "utf8");
const lines = ({ items }: Imported) =>
    items.map((item) =>
        "undecided" in item
            ? `${item.name} ${item.ttl} ${item.type} ? ${item.undecided}`
            : `${item.name} ${item.ttl} ${item.type} ${recordValue(item as ZoneRecord)}`,
    );
const bind = (text: string) => importBind(`$ORIGIN example.com.\n${text}`, "zone.txt");

describe("import of az network dns zone export", () => {
    const found = importBind(EXPORT, "zone.txt");

    it("keeps every record, and drops only the zone's own SOA and NS", () => {
        assert.deepEqual(found.problems, []);
        assert.equal(found.zone, "example.com");
        assert.deepEqual(lines(found), [
            "example.com 3600 A ? alias of /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/front: use its address, if the address is static: az network public-ip show --ids /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/front --query ipAddress",
            "example.com 3600 MX 10 mail.example.com",
            "example.com 3600 MX 20 mx.example.net",
            "example.com 3600 TXT v=spf1 include:spf.example.net; -all",
            'example.com 3600 CAA 0 issue "letsencrypt.org"',
            "*.example.com 3600 A 192.0.2.20",
            "www.example.com 3600 CNAME example.com",
            "_sip._tcp.example.com 3600 SRV 10 5 5060 sip.example.com",
            "alpa.example.com 60 A 192.0.2.10",
            "alpa.example.com 60 A 192.0.2.11",
            "alpa.example.com 3600 AAAA 2001:db8::10",
            `key._domainkey.example.com 3600 TXT v=DKIM1; k=rsa; p=${"k".repeat(300)}`,
            "lab.example.com 3600 NS ns.lab.example.com",
            "lab.example.com 3600 NS ns.example.net",
            "mail.example.com 3600 A 192.0.2.25",
            "ns.lab.example.com 3600 A 192.0.2.53",
            'say.example.com 3600 TXT say "hi"',
            "sip.example.com 3600 A 192.0.2.30",
        ]);
    });

    it("reports what it omitted, changed or kept, why, and on which line", () => {
        assert.deepEqual(found.notes, [
            "zone.txt:9: SOA left out, since Cloudflare has its own.",
            ...[17, 18, 19, 20].map(
                (line) => `zone.txt:${line}: NS of the zone left out, since Cloudflare has its own.`,
            ),
            "zone.txt:37 alpa.example.com A: ttl 30 becomes 60, the nearest that Cloudflare supports.",
            "zone.txt:38 alpa.example.com A: ttl 30 becomes 60, the nearest that Cloudflare supports.",
            "zone.txt:41 empty.example.com A: left out, since it has no data.",
            "zone.txt:45 lab.example.com NS: a delegation, kept.",
            "zone.txt:46 lab.example.com NS: a delegation, kept.",
        ]);
    });

    const undecided: [what: string, line: string, why: RegExp][] = [
        ["a name with a dot in a label", "a\\.b A 192.0.2.1", /its name has characters/],
        ["an unsupported type", "x SSHFP 1 1 ab", /SSHFP 1 1 ab: the records file does not support it/],
        ["bytes that are not text", 'x TXT "a\\200b"', /Create this record by hand/],
        ["an empty text", 'x TXT ""', /the text is empty/],
        ["an alias of Traffic Manager", "x AZURE ALIAS A /p/trafficManagerProfiles/t", /a CNAME to the profile/],
        ["an alias of Front Door", "x AZURE ALIAS CNAME /p/frontdoors/t", /a CNAME to the host name of the Front Door/],
        [
            "an alias of a record",
            "x AZURE ALIAS A /p/dnszones/example.com/A/y",
            /the value of the record that the alias points to/,
        ],
        ["an alias of something else", "x AZURE ALIAS A /p/other/t", /the value that the name resolves to now/],
    ];
    for (const [what, line, why] of undecided)
        it(`leaves the decision on ${what} to a person, at its line`, () => {
            const { items, problems } = bind(line);
            assert.deepEqual(problems, []);
            assert.match((items[0] as { undecided: string }).undecided, why);
        });

    const refused: [what: string, line: string, problem: RegExp][] = [
        ["an invalid address", "x A 192.0.2", /zone\.txt:2: the data is not valid for a record of type A\./],
        ["too many words", "x CNAME a b", /zone\.txt:2: the data is not valid for a record of type CNAME\./],
        ["an unknown type", "x FOO bar", /zone\.txt:2: .*type FOO\./],
        ["a name of another zone", "x.example.org. A 192.0.2.1", /zone\.txt:2: must be in the zone example\.com/],
        ["an empty file", "", /zone\.txt:1: the file has no records/],
    ];
    for (const [what, line, problem] of refused)
        it(`rejects ${what}, and names the line`, () => assert.match(bind(line).problems.join("\n"), problem));
});

const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";
const set = (name: string, type: string, data: object) => ({
    ...{ name, fqdn: `${name === "@" ? "" : `${name}.`}example.com.`, type: `Microsoft.Network/dnszones/${type}` },
    ...data,
});
const SETS = [
    set("@", "SOA", { TTL: 3600, SOARecord: {} }),
    set("@", "NS", { TTL: 172800, NSRecords: [{ nsdname: "ns1-05.azure-dns.com." }] }),
    set("@", "A", { TTL: 3600, targetResource: { id: `${id}/publicIPAddresses/front` } }),
    set("www", "CNAME", { TTL: 3600, CNAMERecord: { cname: "Host.example.net." } }),
    set("a", "A", { TTL: 3600, ARecords: [{ ipv4Address: "192.0.2.1" }, { ipv4Address: "192.0.2.2" }] }),
    set("b", "A", { ttl: 20, arecords: [{ ipv4Address: "192.0.2.3" }], targetResource: { id: null } }),
    set("six", "AAAA", { TTL: 60, AAAARecords: [{ ipv6Address: "2001:DB8::1" }] }),
    set("t", "TXT", { TTL: 60, TXTRecords: [{ value: ["one ", "two"] }, { value: ["three"] }] }),
    set("@", "MX", { TTL: 60, MXRecords: [{ exchange: "mx.example.net", preference: 10 }] }),
    set("@", "CAA", { TTL: 60, caaRecords: [{ flags: 0, tag: "issue", value: "pki.goog" }] }),
    set("_s._tcp", "SRV", { TTL: 60, SRVRecords: [{ port: 1, priority: 2, weight: 3, target: "s.example.com" }] }),
    set("lab", "NS", { TTL: 60, NSRecords: [{ nsdname: "ns.example.net." }] }),
    set("lab", "DS", {
        TTL: 60,
        DSRecords: [{ keyTag: 1, algorithm: 13, digest: { algorithmType: 2, value: "AB" } }],
    }),
    set("none", "A", { TTL: 60, ARecords: [] }),
    set("odd", "NAPTR", { TTL: 60 }),
];

describe("import of az network dns record-set list", () => {
    const found = importRecordSets(JSON.stringify(SETS, null, 2), "sets.json");

    it("keeps every record, whatever the case of the keys", () => {
        assert.deepEqual(found.problems, []);
        assert.equal(found.zone, "example.com");
        assert.deepEqual(lines(found).slice(1), [
            "www.example.com 3600 CNAME host.example.net",
            "a.example.com 3600 A 192.0.2.1",
            "a.example.com 3600 A 192.0.2.2",
            "b.example.com 60 A 192.0.2.3",
            "six.example.com 60 AAAA 2001:db8::1",
            "t.example.com 60 TXT one two",
            "t.example.com 60 TXT three",
            "example.com 60 MX 10 mx.example.net",
            'example.com 60 CAA 0 issue "pki.goog"',
            "_s._tcp.example.com 60 SRV 2 3 1 s.example.com",
            "lab.example.com 60 NS ns.example.net",
            "lab.example.com 60 DS 1 13 2 ab",
            "odd.example.com 60 NAPTR ? the records file does not support its type",
        ]);
    });

    it("leaves the decision on an alias to a person, and never omits it", () => {
        assert.match(lines(found)[0], /^example\.com 3600 A \? alias of .*publicIPAddresses\/front: use its address/);
    });

    it("reports what it omitted", () => {
        assert.ok(found.notes.some((note) => /none\.example\.com A: left out, since it has no data/.test(note)));
        assert.ok(found.notes.some((note) => /^sets\.json:2: SOA left out/.test(note)));
    });

    const refused: [what: string, text: string, problem: RegExp][] = [
        ["truncated JSON", '[\n  { "name": "a",\n', /sets\.json:\d: not valid JSON/],
        ["one object", "{}", /sets\.json:1: must be a list of record sets/],
        ["an empty list", "[]", /must be a list of record sets/],
        ["lists of other objects", '[\n  { "id": 1 }\n]', /sets\.json:2: must be a record set with name and type/],
        [
            "a name in a truncated text",
            '[\n  { "name": "a',
            /sets\.json:2: not valid JSON \([^()]*[^:]\)\. Export the zone again\.$/,
        ],
        [
            "sets of a private zone",
            JSON.stringify([{ ...SETS[4], type: "Microsoft.Network/privateDnsZones/A" }, SETS[0]], null, 2),
            /^sets\.json:2: the record set is of a private zone \(Microsoft\.Network\/privateDnsZones\/A\)\. Do not move a private zone/,
        ],
        [
            "a missing address",
            JSON.stringify([set("a", "A", { TTL: 60, ARecords: [{}] }), SETS[0]], null, 2),
            /^sets\.json:2: the data or TTL is not valid for a record set of type A\. Export it again\.$/,
        ],
        [
            "an invalid number",
            JSON.stringify(
                [set("m", "MX", { TTL: 60, MXRecords: [{ exchange: "mx.example.net" }] }), SETS[0]],
                null,
                2,
            ),
            /^sets\.json:2: the data or TTL is not valid for a record set of type MX\./,
        ],
        [
            "an invalid ttl",
            JSON.stringify(
                [set("a", "A", { TTL: "soon", ARecords: [{ ipv4Address: "192.0.2.1" }] }), SETS[0]],
                null,
                2,
            ),
            /^sets\.json:2: the data or TTL is not valid for a record set of type A\./,
        ],
        [
            "sets of another zone",
            JSON.stringify([...SETS, { ...SETS[4], fqdn: "a.example.org." }]),
            /must be in the zone example\.com/,
        ],
        [
            "sets without a zone",
            JSON.stringify([{ ...SETS[4], fqdn: undefined }]),
            /the file does not name its zone\. Use --zone/,
        ],
    ];
    for (const [what, text, problem] of refused)
        it(`rejects ${what}, and names the line`, () =>
            assert.match(importRecordSets(text, "sets.json").problems.join("\n"), problem));
});
