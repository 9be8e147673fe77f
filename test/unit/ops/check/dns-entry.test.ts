// Proves that the DNS records that exposure direct requires are compared with the answers of each name server of the
// zone.
import { strict as assert } from "node:assert";
import { stringify } from "yaml";
import { checkEntryDns } from "../../../../ops/check/dns-entry";
import { endSides, rr, side, type Side } from "../../dns/kit";
import { bench, type Bench, exits } from "../kit";

describe("ops check dns with exposure direct", () => {
    let zone: Side;
    afterEach(endSides);
    const stack = (azure: object = {}): Bench =>
        bench({
            text: stringify({
                config: {
                    "alpa-auth:option": "intra-a",
                    "alpa-auth:azure": {
                        hostname: "llm.example.com",
                        addresses: ["192.0.2.10", "192.0.2.9"],
                        ...azure,
                    },
                },
            }),
        });
    const check = async (it: Bench, ...args: string[]) =>
        it.ops("check", "dns", "--server", `127.0.0.1:${zone.at.port}`, ...args);

    it("accepts exactly the record set of the stack", async () => {
        zone = await side([rr("llm A 192.0.2.9"), rr("llm A 192.0.2.10")]);
        const { out, note } = await exits(0, check(stack()));
        assert.match(out, /llm\.example\.com │ A +│ \S+ │ 192\.0\.2\.10, 192\.0\.2\.9 \(300 s\) │/);
        assert.match(note, /^llm\.example\.com: all 2 answers equal the stack's record sets\.$/m);
    });
    it("compares A and AAAA records", async () => {
        zone = await side([rr("llm A 192.0.2.9"), rr("llm AAAA 2001:db8::9")]);
        const it = stack({ addresses: ["192.0.2.9", "2001:DB8:0::9"] });
        await exits(0, check(it));
    });

    const wrong: [what: string, records: ReturnType<typeof rr>[], got: RegExp][] = [
        ["a missing address", [rr("llm A 192.0.2.9")], /^192\.0\.2\.9 \(300 s\)$/],
        ["no record", [], /^nothing$/],
        ["another ttl", [rr("llm A 192.0.2.9", { ttl: 60 }), rr("llm A 192.0.2.10", { ttl: 60 })], /\(60 s\)$/],
        ["a CNAME instead of the addresses", [rr("llm CNAME www.example.com")], /^CNAME www\.example\.com$/],
        [
            "an address of a type that should have none",
            [rr("llm A 192.0.2.9"), rr("llm A 192.0.2.10"), rr("llm AAAA 2001:db8::9")],
            /^2001:db8::9 \(300 s\)$/,
        ],
    ];
    for (const [what, records, got] of wrong)
        it(`exits with 3 for ${what}`, async () => {
            zone = await side(records);
            const said = await exits(3, check(stack(), "--json"));
            const rows = (JSON.parse(said.out) as { equal: boolean; got: string }[]).filter(({ equal }) => !equal);
            assert.match(rows[0].got, got);
        });

    it("queries the name servers of the zone by default", async () => {
        zone = await side([rr("llm A 192.0.2.9"), rr("llm A 192.0.2.10")]);
        const it = stack();
        const notes: string[] = [];
        const context = { out: () => undefined, note: (text: string) => notes.push(text) } as never;
        const asked: string[] = [];
        await checkEntryDns(
            context,
            it.text(),
            { server: [], timeout: 5 },
            {
                address: async () => "127.0.0.1",
                nameServers: async (name) => {
                    asked.push(name);
                    if (name !== "example.com") throw new Error("no such zone");
                    return [`127.0.0.1:${zone.at.port}`];
                },
            },
        );
        assert.deepEqual(asked, ["llm.example.com", "example.com"]);
        assert.match(notes.join(), /all 2 answers equal the stack/);
    });
    it("exits with 3 and names a server that is unreachable", async () => {
        zone = await side([]);
        zone.server.silent = true;
        const { out } = await exits(3, check(stack(), "--timeout", "1", "--json"));
        assert.match(out, /127\.0\.0\.1:\d+ by UDP: no time left/);
    });
    it("exits with 2 where the stack has no DNS name", async () => {
        zone = await side([]);
        assert.match((await exits(2, check(bench()))).note, /^ {2}- azure: not set, so there is nothing to compare/m);
    });
});
