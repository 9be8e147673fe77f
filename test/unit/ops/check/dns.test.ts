// Proves the command's output, the sources of its input, and its exit code. test/unit/dns/compare.test.ts proves which
// differences it finds.
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { type ZoneRecord } from "../../../../components/cloudflare/dns-record";
import { endSides, RECORDS, rr, side, ZONE, type Side } from "../../dns/kit";
import { ADMIN, TestApi } from "../../../../sandbox/test/cloudflare/kit";
import { bench, type Bench, EDGE_FILE, exits } from "../kit";
import { SSH_KEY } from "../../kit/cloudflare";

const data = (records: ZoneRecord[]) => stringify(records.map(({ proxied: _, ...record }) => record));

describe("ops check dns", () => {
    let old: Side, fresh: Side;
    let kept: Record<string, string | undefined>;
    beforeEach(async () => {
        kept = { token: process.env.CLOUDFLARE_API_TOKEN, url: process.env.CLOUDFLARE_BASE_URL };
        delete process.env.CLOUDFLARE_API_TOKEN;
        old = await side(RECORDS, "old");
        fresh = await side(RECORDS, "new");
    });
    afterEach(async () => {
        await endSides();
        delete process.env.CLOUDFLARE_API_TOKEN;
        delete process.env.CLOUDFLARE_BASE_URL;
        if (kept.token !== undefined) process.env.CLOUDFLARE_API_TOKEN = kept.token;
        if (kept.url !== undefined) process.env.CLOUDFLARE_BASE_URL = kept.url;
    });

    /** All options, so that nothing is looked up. */
    const complete = ({ folder }: Bench) => {
        const file = join(folder, "zone.yaml");
        writeFileSync(file, data(RECORDS));
        const servers = ["--old", `127.0.0.1:${old.at.port}`, "--new", `127.0.0.1:${fresh.at.port}`];
        return ["check", "dns", "--zone", ZONE, "--records", file, ...servers];
    };
    /** A stack file with a zone in this phase of its move. */
    const stack = (it: Bench, dns: object, more: object = {}) => {
        writeFileSync(join(it.folder, "zone.yaml"), data(RECORDS));
        const { config } = parse(EDGE_FILE) as { config: object };
        const own = { records: "zone.yaml", oldServers: [`127.0.0.1:${old.at.port}`], ...dns };
        it.write(stringify({ config: { ...config, "alpa-auth:dns": own, ...more } }));
    };
    const AT_NEW = () => ["--new", `127.0.0.1:${fresh.at.port}`];

    it("prints every answer, and exits with 0 when all are equal", async () => {
        const it = bench();
        const { out, note } = await exits(0, it.ops(...complete(it)));
        assert.match(out, /│ www\.example\.com +│ CNAME +│ example\.com +│ example\.com +│ yes/);
        assert.match(note, /^example\.com: all \d+ answers of the old and new name servers are equal\.$/m);
        assert.doesNotMatch(out, /│ NO +│/);
    });

    it("exits with 3 when an answer differs, and prints that answer first", async () => {
        fresh.zone.records[0] = rr("@ A 192.0.2.99");
        const it = bench();
        const { out, note } = await exits(3, it.ops(...complete(it)));
        assert.match(out.split("\n")[3], /│ example\.com +│ A +│ 192\.0\.2\.1 +│ 192\.0\.2\.99 +│ NO +│ differs/);
        assert.match(note, /example\.com: 1 of \d+ answers of the old and new name servers differ/);
    });

    it("reads missing options from the stack file, and Cloudflare's servers from Cloudflare", async () => {
        const api = await TestApi.start();
        try {
            const id = await api.zone(ZONE);
            api.account.zones.get(id)!.name_servers = [`127.0.0.1:${fresh.at.port}`];
            process.env.CLOUDFLARE_API_TOKEN = ADMIN;
            process.env.CLOUDFLARE_BASE_URL = api.api.url;
            const it = bench();
            stack(it, { phase: "mirror" }, { "alpa-auth:account": api.account.id });
            await exits(0, it.ops("check", "dns"));
            await api.delete(`zones/${id}`);
            const gone = await exits(2, it.ops("check", "dns"));
            assert.match(gone.note, /--zone: the API token can read no zone example\.com/);
        } finally {
            await api.close();
        }
    });

    it("reads the API token from the stack file, through Pulumi, like the provider", async () => {
        const api = await TestApi.start();
        try {
            const id = await api.zone(ZONE);
            api.account.zones.get(id)!.name_servers = [`127.0.0.1:${fresh.at.port}`];
            const encrypted = { value: ADMIN, objectValue: ADMIN };
            const it = bench({
                says: ({ args }) =>
                    args[1] === "--json"
                        ? {
                              stdout: JSON.stringify({
                                  "cloudflare:apiToken": encrypted,
                                  "alpa-auth:ssh": { objectValue: { privateKey: SSH_KEY } },
                              }),
                          }
                        : undefined,
            });
            stack(
                it,
                {},
                {
                    ...{ "cloudflare:apiToken": { secure: "SEALED" }, "cloudflare:baseUrl": api.api.url },
                    "alpa-auth:account": api.account.id,
                },
            );
            await exits(0, it.ops("check", "dns"));
        } finally {
            await api.close();
        }
    });

    it("compares proxied names until phase proxied, and then accepts any address", async () => {
        const flagged = RECORDS.filter(({ name }) => name !== "alpa.example.com");
        fresh.zone.records = [...flagged, rr("alpa A 198.51.100.1")];
        const it = bench();
        for (const [phase, code] of [
            ["delegated", 3],
            ["proxied", 0],
        ] as const) {
            stack(it, { phase });
            const alpa = "- { name: alpa.example.com, type: A, content: 192.0.2.10, proxied: true }\n";
            writeFileSync(join(it.folder, "zone.yaml"), data(flagged) + alpa);
            await exits(code, it.ops("check", "dns", ...AT_NEW()), phase);
        }
    });

    it("exits with 1 when a server is unreachable, and names it", async () => {
        fresh.server.silent = true;
        const it = bench();
        const { note } = await exits(1, it.ops(...complete(it), "--timeout", "1"));
        assert.match(note, /a name server does not answer \(127\.0\.0\.1:\d+: no time left/);
        assert.match(note, /The check stopped after 1 s \(--timeout\)/);
    });

    const usage: [what: string, prepare: (it: Bench) => string[], problem: RegExp][] = [
        ["nothing to compare", () => [], /--zone: required(.|\n)*--records: required(.|\n)*--old: required/],
        [
            "no servers of Cloudflare",
            (it) => (stack(it, {}), []),
            /CLOUDFLARE_API_TOKEN: required, since the stack file has no cloudflare:apiToken/,
        ],
        [
            "invalid data",
            (it) => (stack(it, {}), writeFileSync(join(it.folder, "zone.yaml"), "- x"), AT_NEW()),
            /zone\.yaml:1: must be a record/,
        ],
        [
            "missing data",
            (it) => (stack(it, { records: "none.yaml" }), AT_NEW()),
            /none\.yaml: must be a readable file/,
        ],
        ["an invalid timeout", () => ["--timeout", "0"], /must be a whole number of at least 1/],
        ["an unknown option", () => ["--servers"], /unknown option/],
    ];
    for (const [what, prepare, problem] of usage)
        it(`exits with 2 for ${what}`, async () => {
            const it = bench();
            assert.match((await exits(2, it.ops("check", "dns", ...prepare(it)))).note, problem);
        });
});
