/** Proves what clients expect of an authoritative server, and what it rejects. Not compared with Azure's and Cloudflare's servers. */
import { strict as assert } from "node:assert";
import { ask, NoAnswer } from "../../../dns/query";
import { endSides, RECORDS, rr, side, type Side, ZONE } from "../../../test/unit/dns/kit";

const MORE = [
    ...["a CNAME b.example.com", "b CNAME c.example.com", "c A 192.0.2.3", "out CNAME x.example.net"],
    ...["loop CNAME loop2.example.com", "loop2 CNAME loop.example.com", "x.deep.er A 192.0.2.4", "own.apps TXT here"],
];

describe("name server emulator", () => {
    let server: Side;
    before(async () => (server = await side([...RECORDS, ...MORE.map((line) => rr(line))])));
    after(endSides);

    const CHAIN = ["CNAME b.example.com", "CNAME c.example.com", "A 192.0.2.3"];
    const answers: [what: string, name: string, type: string, rcode: string, aa: boolean, answer: string[]][] = [
        ["a name in any case", "MAIL.Example.com", "A", "NOERROR", true, ["A 192.0.2.25"]],
        ["a chain of CNAMEs", "a.example.com", "A", "NOERROR", true, CHAIN],
        ["a CNAME itself", "a.example.com", "CNAME", "NOERROR", true, CHAIN.slice(0, 1)],
        ["a CNAME to another zone", "out.example.com", "A", "NOERROR", true, ["CNAME x.example.net"]],
        ["a wildcard two levels up", "a.b.apps.example.com", "A", "NOERROR", true, ["A 192.0.2.20"]],
        ["another type below a wildcard", "any.apps.example.com", "MX", "NOERROR", true, []],
        ["an existing name below a wildcard", "own.apps.example.com", "A", "NOERROR", true, []],
        ["a name below an existing name that a wildcard matches", "x.own.apps.example.com", "A", "NXDOMAIN", true, []],
        ["a name that exists only because of names below it", "deep.er.example.com", "A", "NOERROR", true, []],
        ["a name below a delegation", "www.lab.example.com", "A", "NOERROR", false, []],
        ["a DS that does not exist", "lab.example.com", "DS", "NOERROR", true, []],
        ["CNAMEs in a circle", "loop.example.com", "A", "SERVFAIL", false, []],
        ["another zone", "example.org", "A", "REFUSED", false, []],
        ["an unsupported type", ZONE, "NAPTR", "NOTIMP", false, []],
    ];
    for (const [what, name, type, rcode, aa, expected] of answers)
        it(`answers ${what} with ${rcode}`, async () => {
            const reply = await ask(server.at, { name, type });
            const values = reply.answers.map((row) => `${row.type} ${row.value}`);
            assert.deepEqual([reply.rcode, reply.authoritative, values], [rcode, aa, expected]);
            const soa = reply.authority.filter((row) => row.type === "SOA").length;
            assert.equal(soa, aa && expected.length === 0 ? 1 : 0, "an empty answer has the SOA, which limits caching");
        });

    it("names the servers of a delegation", async () => {
        const { authority } = await ask(server.at, { name: "www.lab.example.com", type: "A" });
        assert.deepEqual(
            authority.map(({ name, type, value }) => [name, type, value]),
            [["lab.example.com", "NS", "ns.lab.example.com"]],
        );
    });

    it("gives no answer while it is silent or rejects TCP", async () => {
        server.server.udpOnly = true;
        await assert.rejects(ask(server.at, { name: ZONE, type: "A" }), NoAnswer);
        Object.assign(server.server, { udpOnly: false, silent: true });
        await assert.rejects(ask(server.at, { name: ZONE, type: "A" }, { timeoutMilliseconds: 50 }), /no answer/);
        server.server.silent = false;
    });
});
