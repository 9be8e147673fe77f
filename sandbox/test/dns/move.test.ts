/**
 * Proves that each step which a phase of a move rejects would cause wrong answers. An engine test proves that a whole move, as
 * docs/operate/dns-move.md describes it, causes none.
 * Not compared with Azure, Cloudflare or a registry.
 */
import { strict as assert } from "node:assert";
import { stringify } from "yaml";
import { type Phase } from "../../../components/cloudflare/dns-record";
import { parseZoneData, serviceProblems } from "../../../config/keys/dns/records";
import { EDGE } from "../../dns/cloudflare";
import { dsOf } from "../../cloudflare/zones";
import { type Resolver } from "../../dns/resolver";
import { rr } from "../../../test/unit/dns/kit";
import { World, ZONE } from "./world";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

const RECORDS = [
    rr("@ A 192.0.2.1", { ttl: 3600 }),
    rr("@ MX 10 mail.example.com", { ttl: 3600 }),
    rr(`@ TXT v=spf1 -all`, { ttl: 3600 }),
    rr("@ CAA 0 issue letsencrypt.org", { ttl: 3600 }),
    rr("www CNAME example.com", { ttl: 3600 }),
    rr("alpa A 192.0.2.10", { ttl: 3600 }),
    rr("alpa A 192.0.2.11", { ttl: 3600 }),
    rr("api CNAME origin.example.com", { ttl: 3600 }),
    rr("origin A 192.0.2.40", { ttl: 3600 }),
    rr("mail A 192.0.2.25", { ttl: 3600 }),
    rr(`key._domainkey TXT ${"k".repeat(1300)}`, { ttl: 3600 }),
    rr("*.apps A 192.0.2.20", { ttl: 3600 }),
];
const PROXIED = ["alpa.example.com", "api.example.com"];
const FLAGGED = RECORDS.map((r) => (PROXIED.includes(r.name) ? { ...r, ttl: 1, proxied: true } : r));

/**
 * Queries and their right answers. `edge` is the right answer of a proxied name once it resolves to the edge.
 */
const QUESTIONS: [name: string, type: string, right: string, edge?: string][] = [
    [ZONE, "A", "192.0.2.1"],
    [ZONE, "MX", "10 mail.example.com"],
    [ZONE, "TXT", "v=spf1 -all"],
    ["www.example.com", "A", "192.0.2.1"],
    ["alpa.example.com", "A", "192.0.2.10,192.0.2.11", EDGE.v4.join()],
    ["alpa.example.com", "AAAA", "", EDGE.v6.join()],
    ["api.example.com", "A", "192.0.2.40", EDGE.v4.join()],
    ["mail.example.com", "A", "192.0.2.25"],
    ["key._domainkey.example.com", "TXT", "k".repeat(1300)],
    ["any.apps.example.com", "A", "192.0.2.20"],
    ["absent.example.com", "A", "NXDOMAIN"],
];

describe("move of a zone", () => {
    let world: World;
    beforeEach(async () => (world = await World.start(RECORDS)));
    afterEach(() => world.close());

    /** All wrong answers that the resolvers give now. @param edge whether proxied names may resolve to the edge */
    async function wrong(edge: "no" | "maybe", resolvers: Resolver[] = world.resolvers): Promise<string[]> {
        const found: string[] = [];
        for (const resolver of resolvers)
            for (const [name, type, right, atEdge] of QUESTIONS) {
                const { rcode, values } = await resolver.resolve(name, type);
                const said = rcode === "NOERROR" ? values.join() : rcode;
                if (said === right || (edge === "maybe" && said === atEdge)) continue;
                found.push(`${name} ${type} ${said.slice(0, 40)}`);
            }
        return found;
    }

    /**
     * Moves the clock forward in steps. In each step, the resolvers with a filled cache send all queries. In every
     * fourth step, two resolvers with an empty cache, one of each kind, send them too.
     */
    async function watch(seconds: number): Promise<void> {
        const step = seconds > HOUR ? 23 * MINUTE : 97;
        for (let passed = 0, i = 0; passed < seconds; passed += step, i++) {
            const fresh = i % 4 === 0 ? [world.resolver("parent"), world.resolver("child")] : [];
            assert.deepEqual(await wrong("no", [...world.resolvers, ...fresh]), [], `after ${passed} s`);
            world.pass(Math.min(step, seconds - passed));
        }
        assert.deepEqual(await wrong("no"), []);
    }

    const may = async (phase: Phase, records = FLAGGED) =>
        assert.deepEqual((await world.report(phase, records)).problems, [], phase);
    const mayNot = async (phase: Phase, why: RegExp) => {
        const { problems } = await world.report(phase, FLAGGED);
        assert.match(problems.join("\n"), why);
    };
    const advance = async (phase: Phase) => {
        await may(phase);
        await world.update(phase, FLAGGED);
    };

    it("points the apex to the tunnel, which is an address at Azure and only a CNAME in the data", async () => {
        await world.close();
        const origin = rr("apex A 192.0.2.1");
        const data = FLAGGED.map((record) =>
            record.name === ZONE && record.type === "A"
                ? rr("@ CNAME apex.example.com", { ttl: 1, proxied: true })
                : record,
        ).concat(origin);
        const found = parseZoneData(stringify(data.map(({ ttl, ...r }) => (r.proxied ? r : { ttl, ...r }))), ZONE, "x");
        assert.deepEqual(found.problems, []);
        assert.deepEqual([...serviceProblems(found.records, [ZONE], ZONE)], []);
        world = await World.start([...RECORDS, origin]);
        await world.update("mirror", data);
        await may("delegated", data);
        await world.update("delegated", data);
        world.registry.delegate(ZONE, world.zone.name_servers);
        for (let hour = 0; hour < 3; hour++, world.pass(HOUR)) assert.deepEqual(await wrong("no"), []);
        await world.look();
        world.pass(5 * MINUTE);
        await may("proxied", data);
        await world.update("proxied", data);
        const fresh = await world.resolver("child").resolve(ZONE, "A");
        assert.deepEqual(fresh.values, [...EDGE.v4].sort());
        world.pass(3 * DAY);
        for (const resolver of world.resolvers) {
            assert.deepEqual((await resolver.resolve(ZONE, "A")).values.sort(), [...EDGE.v4].sort());
            assert.deepEqual((await resolver.resolve(ZONE, "MX")).values, ["10 mail.example.com"]);
        }
    });

    it("refuses to leave a DS record behind, which would make the zone bogus", async () => {
        const key = Buffer.from("0123456789abcdef".repeat(4)).toString("base64");
        world.azure.key = key;
        world.registry.setDs(ZONE, [dsOf(ZONE, `257 3 13 ${key}`)]);
        await watch(HOUR);
        await advance("mirror");
        await mayNot(
            "delegated",
            /needs the parent zone to have no DS record for example\.com except Cloudflare's \(got \d+ 13 2 /,
        );

        // If the operator delegates the zone although the DS record is still there, every validating resolver fails.
        world.registry.delegate(ZONE, world.zone.name_servers);
        world.pass(2 * DAY);
        assert.ok((await wrong("no")).every((answer) => answer.endsWith("SERVFAIL")));
        assert.equal((await wrong("no")).length, 2 * QUESTIONS.length);
        // The remedy in docs/operate/dns-move.md is to remove the DS record.
        world.registry.setDs(ZONE, []);
        world.pass(DAY + HOUR);
        await watch(HOUR);
    });

    it("refuses to sign while resolvers still query the old servers, whose answers would be bogus", async () => {
        await advance("mirror");
        await advance("delegated");
        await watch(MINUTE); // All resolvers have Azure's delegation in their cache.
        world.registry.delegate(ZONE, world.zone.name_servers);
        await watch(3 * HOUR);
        await mayNot("signed", /needs resolvers to have dropped the old delegation from their caches/);

        await world.update("signed", FLAGGED);
        world.registry.setDs(ZONE, [world.zone.dnssec.key!.ds]);
        world.pass(20 * MINUTE);
        assert.ok((await wrong("maybe")).some((answer) => answer.endsWith("SERVFAIL")));
    });

    it("prints the correct number of days that Cloudflare keeps a zone without delegation", async () => {
        world.pass(20 * DAY);
        const { notes } = await world.report("mirror", RECORDS);
        assert.match(notes.join("\n"), /deletes a free zone after 28 days: 8 left, until 2026-12-23/);
    });
});
