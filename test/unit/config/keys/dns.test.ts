// Proves which zone data is valid, and the errors for the rest.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ENTRIES, dnsSchema, parseZoneData, readZoneData, serviceProblems } from "../../../../config/keys/dns/records";
import type { Problems } from "../../../../config/cross-check";
import { itRefuses, type Refused } from "../refused";

const parse = (text: string) => parseZoneData(text, "example.com", "dns/example.com.yaml");
const messages = (problems: Problems) => [...problems].map(({ message }) => message);
/** Writes each entry on its own line, so that the line number in an error is the number of the entry. */
const entries = (...list: string[]) => parse(list.map((entry) => `- { ${entry} }`).join("\n"));
const A = "name: www.example.com, type: A, ttl: 300, content: 192.0.2.1";

const refused: Refused<string[]>[] = [
    [
        "a proxied record with a ttl",
        ["name: www.example.com, type: A, ttl: 300, content: 192.0.2.1, proxied: true"],
        "dns/example.com.yaml:1 www.example.com A ttl: must not be set for a proxied record, whose TTL is always 300 s (got 300). Remove it.",
    ],
    [
        "the proxy for a type without one",
        [A, "name: example.com, type: TXT, ttl: 300, content: x, proxied: true"],
        /:2 example\.com TXT proxied: must not be set for TXT, only for A, AAAA, CNAME/,
    ],
    [
        "a ttl that Cloudflare rejects",
        ["name: www.example.com, type: A, ttl: 30, content: 192.0.2.1"],
        /ttl: must be from 60 to 86400 seconds \(got 30\)/,
    ],
    [
        "a CNAME next to other records",
        [A, "name: WWW.example.com., type: CNAME, ttl: 300, content: a.example.net"],
        /:1 www\.example\.com A: must not have the same name as a CNAME \(dns\/example\.com\.yaml:2 /,
    ],
    [
        "two CNAMEs of a name",
        [
            "name: a.example.com, type: CNAME, ttl: 300, content: a.example.net",
            "name: a.example.com, type: CNAME, ttl: 300, content: b.example.net",
        ],
        /:2 .* must be the only CNAME of its name \(dns\/example\.com\.yaml:1 /,
    ],
    [
        "a name outside of the zone",
        ["name: www.example.org, type: A, ttl: 300, content: 192.0.2.1"],
        /name: must be @ or a full name in example\.com \(got "www\.example\.org"\)\.$/m,
    ],
    [
        "a record twice",
        [A, A],
        /:2 .* must be listed only once \(dns\/example\.com\.yaml:1 www\.example\.com A is the same\)/,
    ],
    [
        "a text in quotes",
        [`name: example.com, type: TXT, ttl: 300, content: '"v=spf1 -all"'`],
        /TXT content: must be the text without quotes around it/,
    ],
    [
        "a text that is too long",
        [`name: example.com, type: TXT, ttl: 300, content: ${"k".repeat(4090)}`],
        /content: must fit in 4096 bytes \(got 4107\)/,
    ],
    [
        "a mail server behind the proxy",
        [
            "name: mail.example.com, type: A, content: 192.0.2.1, proxied: true",
            "name: example.com, type: MX, ttl: 300, priority: 10, content: Mail.example.com.",
        ],
        /:2 example\.com MX: must not point to a proxied name, which serves HTTP only \(got mail\.example\.com\)/,
    ],
    [
        "only one of a name's addresses behind the proxy",
        [
            "name: a.example.com, type: A, content: 192.0.2.1, proxied: true",
            "name: a.example.com, type: A, ttl: 300, content: 192.0.2.2",
        ],
        /:2 a\.example\.com A proxied: must be the same for all A and AAAA records of a name/,
    ],
    [
        "a proof of ownership behind the proxy",
        [
            "name: _x.example.com, type: CNAME, content: y.acm-validations.aws, proxied: true",
            "name: k.example.com, type: CNAME, content: k.dkim.amazonses.com, proxied: true",
        ],
        /:1 .*must not be set for a name with _/,
        /:2 .*must not be set for a name that mail servers or ownership checks look up in DNS/,
    ],
    [
        "the zone's own NS",
        ["name: '@', type: NS, ttl: 300, content: ns1.example.net"],
        /this file: Cloudflare sets the NS records of the zone's own name/,
    ],
    [
        "an unknown type",
        ["name: example.com, type: TXTT, ttl: 300, content: x"],
        /type: must be one of A, .* Did you mean TXT\?/,
    ],
    [
        "an unknown key",
        ["name: example.com, type: A, ttl: 300, contents: 192.0.2.1"],
        /content: /,
        /contents: is not a known key\. Did you mean content\?/,
    ],
];

describe("zone data", () => {
    itRefuses(refused, (list) => entries(...list).problems);

    it("reports the line of every problem, and the field, in one error", () => {
        const text = "- name: a.example.com\n  type: A\n  ttl: 5\n  content: x\n\n- name: b.example.com\n  type: B\n";
        const lines = parse(text).problems.map((problem) => problem.split(" ")[0]);
        assert.deepEqual(lines, ["dns/example.com.yaml:3", "dns/example.com.yaml:4", "dns/example.com.yaml:7"]);
    });

    it("rejects input that is not YAML or not a list, and names the line", () => {
        assert.match(parse("- name: a\n- name: [").problems[0], /^dns\/example\.com\.yaml:2: must be YAML/);
        assert.match(parse("zone: x").problems[0], /:1: must be a list of records/);
        assert.match(parse("[]").problems[0], /:1: must have at least one record \(got none/);
        assert.match(parse("- x").problems[0], /:1: must be a record with name and type/);
    });

    it("warns about proxied names without the universal certificate, and about records below a delegation", () => {
        const { warnings } = entries(
            "name: a.b.example.com, type: A, content: 192.0.2.1, proxied: true",
            "name: sub.example.com, type: NS, ttl: 300, content: ns.sub.example.com",
            "name: ns.sub.example.com, type: A, ttl: 300, content: 192.0.2.53",
            "name: www.sub.example.com, type: A, ttl: 300, content: 192.0.2.54",
        );
        assert.equal(warnings.length, 2);
        assert.match(warnings[0], /:1 .*more than one level below the zone/);
        assert.match(warnings[1], /:4 .*is at or below a delegated name/);
    });

    it("says how to create a missing file", () => {
        assert.match(
            readZoneData("none.yaml", "example.com").problems[0],
            /none\.yaml: must be a readable file \(ENOENT\)/,
        );
    });

    it("may contain the service's names only as proxied CNAMEs", () => {
        const { records } = entries(
            "name: a.example.com, type: A, content: 192.0.2.1, proxied: true",
            "name: b.example.com, type: CNAME, ttl: 300, content: x.example.net",
            "name: c.example.com, type: CNAME, content: x.example.net, proxied: true",
            "name: d.example.com, type: A, ttl: 300, content: 192.0.2.1",
        );
        const names = ["a.example.com", "b.example.com", "c.example.com", "new.example.com"];
        assert.deepEqual(messages(serviceProblems(records, names, "example.com")), [
            "a.example.com A must be a CNAME, so that the stack can point it to the tunnel in one update. Move the addresses to another name, for example origin.a.example.com, and make a.example.com a CNAME to that name. Do this first at the old name servers, then here.",
            "b.example.com CNAME: proxied must be true, since the name points to the tunnel in phase proxied and all later phases. Set it to true.",
        ]);
    });

    it("must have a record to point to the tunnel, if the service's name has other records", () => {
        const { records } = entries(
            "name: '@', type: MX, ttl: 300, content: mail.example.net, priority: 10",
            "name: '@', type: TXT, ttl: 300, content: v=spf1 -all",
            "name: llm.example.com, type: CNAME, content: x.example.net, proxied: true",
        );
        assert.deepEqual(messages(serviceProblems(records, ["example.com", "llm.example.com"], "example.com")), [
            "example.com must have a CNAME record that the stack can point to the tunnel (got MX, TXT). The stack adds no record to a name that has records in this file. Choose another hostname, or remove the records of this name here and at the old name servers.",
        ]);
    });

    it("rejects an address at the apex, and says to keep the apex as it is on the old side and to add a name", () => {
        const { records } = entries("name: '@', type: A, ttl: 300, content: 192.0.2.1");
        const [problem, ...others] = messages(serviceProblems(records, ["example.com"], "example.com"));
        assert.match(problem, /^example\.com A must be a CNAME in this file/);
        assert.match(
            problem,
            /Add a name origin\.example\.com .* example\.com CNAME origin\.example\.com, proxied: true\. Keep example\.com as it is at the old/,
        );
        assert.deepEqual(others, []);
    });
});

describe("docs/operate/dns-move.md", () => {
    const page = readFileSync(join(__dirname, "../../../../docs/operate/dns-move.md"), "utf8");

    it("names every key and type of the data, and no other type", () => {
        const keys = Object.values(ENTRIES).flatMap((entry) => Object.keys(entry.shape));
        for (const word of [...new Set(keys)]) assert.ok(page.includes(`- \`${word}\``), word);
        for (const type of Object.keys(ENTRIES)) assert.match(page, new RegExp(`\\b${type}\\b`));
    });
});

describe("dns of a stack", () => {
    it("begins with the phase that changes nothing for callers", () => {
        assert.deepEqual(dnsSchema.parse({}), { phase: "mirror", oldServers: [], newServers: [], parentServers: [] });
    });

    it("accepts hosts with and without ports, and nothing else", () => {
        const servers = (...oldServers: string[]) => dnsSchema.safeParse({ oldServers }).success;
        assert.ok(servers("ns1-05.azure-dns.com", "127.0.0.1:5353", "[2001:db8::1]:53"));
        for (const wrong of ["https://ns1.example.net", "ns1.example.net:dns", "", "a b"])
            assert.ok(!servers(wrong), wrong);
        assert.ok(!dnsSchema.safeParse({ phase: "switched" }).success);
    });
});
