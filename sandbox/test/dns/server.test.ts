/**
 * Proves what clients expect of an authoritative server, and what it rejects. Not compared with Azure's and Cloudflare's
 * servers.
 */
import { strict as assert } from "node:assert";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import * as packet from "dns-packet";
import { azureZone } from "../../dns/azure";
import { startDnsServer, type DnsServer } from "../../dns/server";
import { RECORDS, rr, ZONE } from "../../../test/unit/dns/kit";

describe("name server emulator", () => {
    const zone = azureZone(ZONE, [
        ...RECORDS,
        rr("a CNAME b.example.com"),
        rr("b CNAME c.example.com"),
        rr("c A 192.0.2.3"),
        rr("out CNAME x.example.net"),
        rr("loop CNAME loop2.example.com"),
        rr("loop2 CNAME loop.example.com"),
        rr("x.deep.er A 192.0.2.4"),
        rr("own.apps TXT here"),
        ...Array.from({ length: 60 }, (_, i) => rr(`many A 198.51.100.${i}`)),
    ]);
    let server: DnsServer;
    before(async () => (server = await startDnsServer({ says: zone.says })));
    after(() => server.close());

    async function udp(query: packet.Packet): Promise<packet.DecodedPacket & { rcode: string }> {
        const socket = createSocket("udp4");
        socket.send(packet.encode({ type: "query", id: 7, ...query }), server.port, "127.0.0.1");
        const [message] = await once(socket, "message");
        socket.close();
        return packet.decode(message) as never;
    }
    const question = (name: string, type: string, more: object = {}) => ({
        questions: [{ name, type: type as packet.RecordType, ...more }],
    });
    const values = (list: packet.Answer[] | undefined) =>
        (list ?? []).map((one) => `${one.name} ${one.type} ${JSON.stringify((one as { data: unknown }).data)}`);

    const answers: [what: string, name: string, type: string, rcode: string, aa: boolean, answer: string[]][] = [
        ["a record", "mail.example.com", "A", "NOERROR", true, ['mail.example.com A "192.0.2.25"']],
        ["a name in any case", "MAIL.Example.com", "A", "NOERROR", true, ['mail.example.com A "192.0.2.25"']],
        [
            "a chain of CNAMEs",
            "a.example.com",
            "A",
            "NOERROR",
            true,
            [
                'a.example.com CNAME "b.example.com"',
                'b.example.com CNAME "c.example.com"',
                'c.example.com A "192.0.2.3"',
            ],
        ],
        ["a CNAME itself", "a.example.com", "CNAME", "NOERROR", true, ['a.example.com CNAME "b.example.com"']],
        ["a CNAME to another zone", "out.example.com", "A", "NOERROR", true, ['out.example.com CNAME "x.example.net"']],
        ["a wildcard", "any.apps.example.com", "A", "NOERROR", true, ['any.apps.example.com A "192.0.2.20"']],
        [
            "a wildcard two levels up",
            "a.b.apps.example.com",
            "A",
            "NOERROR",
            true,
            ['a.b.apps.example.com A "192.0.2.20"'],
        ],
        ["another type below a wildcard", "any.apps.example.com", "MX", "NOERROR", true, []],
        ["an existing name below a wildcard", "own.apps.example.com", "A", "NOERROR", true, []],
        [
            "a name below an existing name that a wildcard would match",
            "x.own.apps.example.com",
            "A",
            "NXDOMAIN",
            true,
            [],
        ],
        ["a type that does not exist", "mail.example.com", "TXT", "NOERROR", true, []],
        ["a name that does not exist", "absent.example.com", "A", "NXDOMAIN", true, []],
        ["a name that exists only because of names below it", "deep.er.example.com", "A", "NOERROR", true, []],
        ["a delegation", "lab.example.com", "NS", "NOERROR", false, []],
        ["a name below a delegation", "www.lab.example.com", "A", "NOERROR", false, []],
        ["a DS that does not exist", "lab.example.com", "DS", "NOERROR", true, []],
        ["CNAMEs in a circle", "loop.example.com", "A", "SERVFAIL", false, []],
        ["another zone", "example.org", "A", "REFUSED", false, []],
        ["a query for all types", ZONE, "ANY", "NOTIMP", false, []],
        ["a transfer", ZONE, "AXFR", "NOTIMP", false, []],
        ["an unsupported type", ZONE, "NAPTR", "NOTIMP", false, []],
    ];
    for (const [what, name, type, rcode, aa, expected] of answers)
        it(`answers ${what} with ${rcode}`, async () => {
            const reply = await udp(question(name, type));
            assert.deepEqual([reply.rcode, reply.flag_aa, values(reply.answers)], [rcode, aa, expected]);
            const soa = (reply.authorities ?? []).filter((one) => one.type === "SOA").length;
            assert.equal(soa, aa && expected.length === 0 ? 1 : 0, "an empty answer has the SOA, which limits caching");
        });

    it("names the servers of a delegation, and their addresses inside it", async () => {
        const reply = await udp(question("www.lab.example.com", "A"));
        assert.deepEqual(values(reply.authorities), ['lab.example.com NS "ns.lab.example.com"']);
        assert.deepEqual(values(reply.additionals), ['ns.lab.example.com A "192.0.2.53"']);
    });

    it("truncates a long answer at 512 bytes, or at the client's size", async () => {
        const small = await udp(question("many.example.com", "A"));
        assert.deepEqual([small.flag_tc, small.answers!.length], [true, 0]);
        const opt = { type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0, options: [] } as never;
        const large = await udp({ ...question("many.example.com", "A"), additionals: [opt] });
        assert.deepEqual([large.flag_tc, large.answers!.length], [false, 60]);
    });

    it("does not answer a message that is not a question, and keeps running", async () => {
        const socket = createSocket("udp4");
        const noise = [Buffer.from("hello"), Buffer.alloc(12, 255), packet.encode({ type: "response", id: 1 })];
        for (const message of noise) socket.send(message, server.port, "127.0.0.1");
        socket.on("message", () => assert.fail("noise was answered"));
        assert.equal((await udp(question(ZONE, "A"))).rcode, "NOERROR");
        socket.close();
    });
});
