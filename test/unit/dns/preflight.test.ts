// Tests the errors when Cloudflare or a name server is unreachable. phases.test.ts tests how their answers are interpreted.
// test/engine/cloudflare/move.test.ts tests a whole move.
import { strict as assert } from "node:assert";
import type { DnsSettings } from "../../../dns/facts";
import { dnsReport } from "../../../dns/phases";
import type { ApiAccess } from "../../../components/cloudflare/api";
import { parentServers, type Lookup } from "../../../dns/servers";
import { World } from "../../../sandbox/test/dns/world";
import { ADMIN } from "../../../sandbox/test/cloudflare/kit";
import { rr, ZONE } from "./kit";

const RECORDS = [rr("@ A 192.0.2.1")];
const NOWHERE: Lookup = {
    address: () => Promise.reject(Object.assign(new Error(), { code: "ENOTFOUND" })),
    nameServers: () => Promise.reject(Object.assign(new Error(), { code: "ENOTFOUND" })),
};

/** Problems with the config's phase. */
const problemsOf = async (settings: DnsSettings, access: ApiAccess) => (await dnsReport(settings, access)).problems;

describe("dns preflight", () => {
    let world: World;
    let settings: DnsSettings;
    before(async () => {
        world = await World.start(RECORDS);
        await world.update("mirror", RECORDS);
        settings = {
            ...{ zone: ZONE, phase: "delegated", records: RECORDS, oldServers: [world.at.old.address] },
            ...{ newServers: [world.at.new.address], parentServers: [world.at.parent.address] },
        };
    });
    after(() => world.close());
    const access = () => ({ baseUrl: world.api.api.url, token: ADMIN });

    it("finds no problem with a zone that is ready", async () => {
        assert.deepEqual(await problemsOf(settings, access()), []);
    });

    it("looks up Cloudflare's servers by default", async () => {
        const unnamed = { ...settings, newServers: [] };
        const { problems } = await dnsReport(unnamed, access(), { lookup: NOWHERE });
        assert.match(problems.join("\n"), /\(ada\.ns\.cloudflare\.com: the host has no address/);
    });

    it("needs only read permissions for zone and DNS until a name is proxied", async () => {
        const token = world.api.token({ permissions: ["Zone Read", "DNS Read"] });
        assert.deepEqual(await problemsOf(settings, { ...access(), token }), []);
        const records = [{ ...RECORDS[0], proxied: true }];
        const problems = await problemsOf({ ...settings, phase: "proxied", records }, { ...access(), token });
        assert.match(
            problems.join("\n"),
            /needs the edge certificates, which cannot be read \(Cloudflare GET .*certificate_packs: 403/,
        );
    });

    it("quotes Cloudflare's error, and never the token", async () => {
        const token = "wrong-token-of-forty-characters-or-more-00";
        const [problem] = await problemsOf(settings, { ...access(), token });
        assert.match(
            problem,
            /^dns\.phase: delegated needs the state of the move, which is unknown \(Cloudflare GET zones: 401, 1000 /,
        );
        assert.ok(!problem.includes(token));
    });

    it("reports an unreachable Cloudflare, and all other problems in the same run", async () => {
        const problems = await problemsOf(
            { ...settings, parentServers: ["127.0.0.1:1"] },
            { baseUrl: "http://127.0.0.1:1/client/v4", token: ADMIN },
        );
        assert.equal(problems.length, 2);
        assert.match(problems.join("\n"), /Cloudflare GET zones: (ECONNREFUSED|bad port)/);
        assert.match(problems.join("\n"), /127\.0\.0\.1:1: .*ECONNREFUSED/);
    });

    it("tolerates the failure of one of several servers of the parent zone", async () => {
        const parentServers = ["127.0.0.1:1", world.at.parent.address];
        assert.deepEqual(await problemsOf({ ...settings, parentServers }, access()), []);
    });

    it("derives a zone's progress from its records, and then only warns about an unreachable name server", async () => {
        const records = [{ ...RECORDS[0], proxied: true }];
        const away = { ...settings, phase: "proxied" as const, records, parentServers: ["127.0.0.1:1"] };
        assert.match(
            (await dnsReport(away, access())).problems.join("\n"),
            /needs the state of the move, which is unknown/,
        );
        await world.update("proxied", records);
        try {
            const { problems, notes } = await dnsReport(away, access());
            assert.deepEqual(problems, []);
            assert.match(notes.join("\n"), /the state of the move is unknown \(127\.0\.0\.1:1/);
        } finally {
            await world.update("mirror", RECORDS);
        }
    });

    it("only warns about an unreachable Cloudflare in phase mirror", async () => {
        const { problems, notes } = await dnsReport(
            { ...settings, phase: "mirror" },
            { baseUrl: "http://127.0.0.1:1/client/v4", token: ADMIN },
        );
        assert.deepEqual(problems, []);
        assert.match(notes[0], /^dns: the state of the move is unknown \(Cloudflare GET zones: /);
    });

    it("requires the old servers while they are needed", async () => {
        const [problem] = await problemsOf({ ...settings, oldServers: [] }, access());
        assert.match(problem, /dns\.oldServers: required until the delegation has changed/);
    });

    it("looks up the servers of the parent zone, label by label", async () => {
        const asked: string[] = [];
        const lookup: Lookup = {
            ...NOWHERE,
            nameServers: async (zone) => (
                asked.push(zone),
                zone === "uk" ? ["ns.nic.example"] : Promise.reject(new Error())
            ),
        };
        assert.deepEqual(await parentServers("example.co.uk", lookup), ["ns.nic.example"]);
        assert.deepEqual(asked, ["co.uk", "uk"]);
        await assert.rejects(
            parentServers(ZONE, NOWHERE),
            /no name servers found for the zone above example\.com\. Set dns\.parentServers/,
        );
    });
});
