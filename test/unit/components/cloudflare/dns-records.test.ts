// Proves the DNS resources in each phase, but not that Cloudflare accepts them.
import { strict as assert } from "node:assert";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import {
    logicalName,
    PHASES,
    quoteText,
    type Phase,
    type ZoneRecord,
} from "../../../../components/cloudflare/dns-record";
import { DnsRecords } from "../../../../components/cloudflare/dns-records";
import { asked, comesAfter, one, record } from "../../../kit";

const RECORD = "cloudflare:index/dnsRecord:DnsRecord";
const DNSSEC = "cloudflare:index/zoneDnssec:ZoneDnssec";

const a = (name: string, content: string, more: object = {}): ZoneRecord => ({
    ...{ name, type: "A", content, ttl: 3600, proxied: false },
    ...more,
});
const records: ZoneRecord[] = [
    a("example.com", "192.0.2.1", { proxied: true, ttl: 1 }),
    a("ssh.example.com", "192.0.2.2"),
    a("short.example.com", "192.0.2.3", { ttl: 60 }),
    { name: "example.com", type: "MX", content: "mail.example.net", priority: 10, ttl: 3600, proxied: false },
    { name: "example.com", type: "TXT", content: 'say "hi"', ttl: 3600, proxied: false },
    {
        ...{ name: "example.com", type: "CAA", ttl: 3600, proxied: false },
        data: { flags: 0, tag: "issue", value: "pki.goog" },
    },
    {
        ...{ name: "_sip._tcp.example.com", type: "SRV", ttl: 3600, proxied: false },
        data: { priority: 10, weight: 5, port: 5060, target: "sip.example.com" },
    },
];
const build = (phase: Phase, list = records) =>
    record(() => new DnsRecords("dns", { zoneId: "z", records: list, phase, meaning: {} }));
const inputs = async (phase: Phase, type: string, name: string) =>
    (await build(phase)).find((r) => r.type === RECORD && r.inputs.type === type && r.inputs.name === name)!.inputs;

describe("DnsRecords", () => {
    for (const phase of ["mirror", "delegated"] as const)
        it(`proxies nothing in phase ${phase}, and has no ttl above five minutes`, async () => {
            const made = (await build(phase)).filter((r) => r.type === RECORD).map((r) => r.inputs);
            assert.deepEqual(
                made.map(({ proxied, ttl }) => [proxied, ttl]),
                [300, 300, 60, 300, 300, 300, 300].map((ttl) => [false, ttl]),
            );
        });

    for (const phase of PHASES)
        it(`${phase === "mirror" ? "lets records be deleted" : "deletes no record without confirmation"} in phase ${phase}`, async () => {
            for (const made of (await build(phase)).filter((r) => r.type === RECORD))
                assert.equal(asked(made).protect, phase !== "mirror", made.name);
        });

    for (const phase of ["proxied", "signed"] as const)
        it(`proxies the flagged records in phase ${phase}, and gives the others their own ttl`, async () => {
            const proxied = await inputs(phase, "A", "example.com");
            assert.deepEqual([proxied.proxied, proxied.ttl], [true, 1]);
            const other = await inputs(phase, "A", "ssh.example.com");
            assert.deepEqual([other.proxied, other.ttl], [false, 3600]);
        });

    it("updates a name of the service to the tunnel in phase proxied, in place and after its protection", async () => {
        const api = (proxied: boolean): ZoneRecord => ({
            ...{ name: "api.example.com", type: "CNAME", content: "origin.example.com", ttl: 300, proxied },
        });
        const turn = async (phase: Phase, list: ZoneRecord[]) => {
            const seen = await record(() => {
                const guard = new pulumi.ComponentResource("test:index:Guard", "guard");
                const gate = new cloudflare.ZoneSetting(
                    "gate",
                    { zoneId: "z", settingId: "ssl", value: "strict" },
                    { parent: guard },
                );
                const service = { hostnames: ["api.example.com"], target: "t.cfargotunnel.com", after: [gate] };
                new DnsRecords("dns", { zoneId: "z", records: list, phase, service, meaning: {} });
            });
            const found = seen.find((r) => r.inputs.name === "api.example.com")!;
            const after = comesAfter(seen, found, one(seen, "cloudflare:index/zoneSetting:ZoneSetting"));
            return [found.name, found.inputs.content, found.inputs.proxied, after];
        };
        const name = "dns-api.example.com-cname";
        assert.deepEqual(await turn("delegated", [api(true)]), [name, "origin.example.com", false, false]);
        assert.deepEqual(await turn("proxied", [api(true)]), [name, "t.cfargotunnel.com", true, true]);
        assert.deepEqual(await turn("proxied", [api(false)]), [name, "origin.example.com", false, false]);
    });

    it("signs the zone in phase signed only, and does not unsign it when the phase goes back", async () => {
        for (const phase of PHASES.filter((p) => p !== "signed"))
            assert.ok((await build(phase)).every((r) => r.type !== DNSSEC));
        const dnssec = one(await build("signed"), DNSSEC);
        assert.equal(dnssec.inputs.status, "active");
        // Sets the values that Cloudflare returns, because unset fields would differ after every refresh.
        const { dnssecMultiSigner, dnssecPresigned, dnssecUseNsec3 } = dnssec.inputs;
        assert.deepEqual([dnssecMultiSigner, dnssecPresigned, dnssecUseNsec3], [false, false, false]);
        assert.equal(asked(dnssec).retainOnDelete, true);
    });

    it("gives content or data, and a priority to MX and SRV", async () => {
        const fields = (input: object) => Object.keys(input).sort().join(" ");
        assert.equal(fields(await inputs("mirror", "A", "example.com")), "content name proxied ttl type zoneId");
        assert.equal(
            fields(await inputs("mirror", "MX", "example.com")),
            "content name priority proxied ttl type zoneId",
        );
        assert.equal(fields(await inputs("mirror", "CAA", "example.com")), "data name proxied ttl type zoneId");
        const srv = await inputs("mirror", "SRV", "_sip._tcp.example.com");
        assert.equal(fields(srv), "data name priority proxied ttl type zoneId");
        assert.equal(srv.priority, srv.data.priority);
    });

    it("quotes texts like Cloudflare stores them", async () => {
        assert.equal((await inputs("mirror", "TXT", "example.com")).content, '"say \\"hi\\""');
    });

    it("keeps a record's identity when its ttl, its proxy or its phase changes", () => {
        const before = a("www.example.com", "192.0.2.1");
        assert.equal(logicalName(before), logicalName({ ...before, ttl: 60, proxied: true } as ZoneRecord));
    });

    it("replaces a record for another address, and updates it for another target of a CNAME", () => {
        assert.notEqual(logicalName(a("x.example.com", "192.0.2.1")), logicalName(a("x.example.com", "192.0.2.2")));
        const cname = (content: string): ZoneRecord => ({
            ...{ name: "x.example.com", type: "CNAME", content, ttl: 60, proxied: false },
        });
        assert.equal(logicalName(cname("a.example.net")), logicalName(cname("b.example.net")));
    });
});

describe("quoteText", () => {
    const cases: [why: string, text: string, quoted: string][] = [
        ["leaves 255 bytes in one string", "a".repeat(255), `"${"a".repeat(255)}"`],
        ["splits longer texts", "a".repeat(256), `"${"a".repeat(255)}" "a"`],
        ["counts bytes before it escapes", '"'.repeat(255), `"${'\\"'.repeat(255)}"`],
        ["escapes backslashes", "a\\b", '"a\\\\b"'],
    ];
    for (const [why, text, quoted] of cases) it(why, () => assert.equal(quoteText(text), quoted));
});
