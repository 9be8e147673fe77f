// Proves that a zone moves to Cloudflare and back by `pulumi up` alone, as docs/operate/dns-move.md says, while resolvers query
// it throughout. The program uses the account's clock, which the test moves forward. The name servers are emulators.
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { parseZoneData } from "../../../config/keys/dns/records";
import { dsOf } from "../../../sandbox/cloudflare/zones";
import { EDGE } from "../../../sandbox/dns/cloudflare";
import { apiTokenFile } from "../../../sandbox/world/state";
import { AccessStack, failed, here, succeeded, useCloudflare, type Pair } from "../kit/cloudflare/access-stack";
import { Resolvers, type Question } from "../kit/cloudflare/resolvers";

const HOUR = 3600;
const DAY = 24 * HOUR;
const ZONE = "example.com";
const ZONE_KEY = Buffer.from("0123456789abcdef".repeat(4)).toString("base64");

const DATA = [
    { name: "@", type: "A", ttl: 3600, content: "192.0.2.1" },
    { name: "@", type: "MX", ttl: 3600, priority: 10, content: "mail.example.com" },
    { name: "@", type: "TXT", ttl: 3600, content: "v=spf1 -all" },
    { name: "@", type: "CAA", ttl: 3600, data: { flags: 0, tag: "issue", value: "letsencrypt.org" } },
    { name: "www.example.com", type: "CNAME", ttl: 3600, content: "example.com" },
    { name: "shop.example.com", type: "A", proxied: true, content: "192.0.2.10" },
    { name: "shop.example.com", type: "A", proxied: true, content: "192.0.2.11" },
    { name: "api.example.com", type: "CNAME", proxied: true, content: "origin.example.com" },
    { name: "origin.example.com", type: "A", ttl: 3600, content: "192.0.2.40" },
    { name: "mail.example.com", type: "A", ttl: 3600, content: "192.0.2.25" },
    { name: "key._domainkey.example.com", type: "TXT", ttl: 3600, content: "k".repeat(700) },
    {
        name: "_sip._tcp.example.com",
        type: "SRV",
        ttl: 60,
        data: { priority: 1, weight: 2, port: 5060, target: "mail.example.com" },
    },
    { name: "*.apps.example.com", type: "A", ttl: 3600, content: "192.0.2.20" },
];

const QUESTIONS: Question[] = [
    { name: ZONE, type: "A", right: "192.0.2.1" },
    { name: ZONE, type: "MX", right: "10 mail.example.com" },
    { name: ZONE, type: "TXT", right: "v=spf1 -all" },
    { name: ZONE, type: "CAA", right: '0 issue "letsencrypt.org"' },
    { name: "www.example.com", type: "A", right: "192.0.2.1" },
    { name: "shop.example.com", type: "A", right: "192.0.2.10,192.0.2.11", edge: EDGE.v4.join() },
    { name: "shop.example.com", type: "AAAA", right: "", edge: EDGE.v6.join() },
    { name: "api.example.com", type: "A", right: "192.0.2.40", edge: EDGE.v4.join() },
    { name: "origin.example.com", type: "A", right: "192.0.2.40" },
    { name: "mail.example.com", type: "A", right: "192.0.2.25" },
    { name: "key._domainkey.example.com", type: "TXT", right: "k".repeat(700) },
    { name: "_sip._tcp.example.com", type: "SRV", right: "1 2 5060 mail.example.com" },
    { name: "any.apps.example.com", type: "A", right: "192.0.2.20" },
    { name: "absent.example.com", type: "A", right: "NXDOMAIN" },
];

const text = stringify(DATA);
const { records, problems } = parseZoneData(text, ZONE, "the data");
/** Azure DNS proxies nothing. */
const atAzure = records.map((record) => ({ ...record, ttl: record.proxied ? 300 : record.ttl, proxied: false }));

describe("move of a zone on the engine", () => {
    useCloudflare({ dns: { records: atAzure }, account: { certificateSeconds: HOUR } });
    let stack: AccessStack;
    let resolvers: Resolvers;
    let token: Pair;

    const world = () => here().world;
    const dns = () => world().dns!;
    const zone = () => world().account.zoneNamed(ZONE)!;
    const writes = () => world().api.requests.filter(({ method }) => method !== "GET");

    const configure = (phase: string) => {
        const { old, new: fresh, parent } = dns().servers;
        stack.configure({
            zone: { name: ZONE, manage: "create", plan: "free" },
            consumers: [{ name: "alice", credentials: [{ id: "a", method: "service-token" }] }],
            dns: {
                phase,
                records: join(here().dir, "example.com.yaml"),
                oldServers: [old.address],
                newServers: [fresh.address],
                parentServers: [parent.address],
            },
        });
    };

    /** Asserts that `up` writes nothing and names the reason. */
    async function refuses(phase: string, why: RegExp, runs = [stack.preview]): Promise<void> {
        configure(phase);
        const before = writes().length;
        for (const run of await Promise.all(runs.map((start) => start.call(stack)))) assert.match(failed(run), why);
        assert.equal(writes().length, before);
        await resolvers.expect();
    }
    const both = () => [stack.preview, stack.up];

    /** Runs `up`. Asserts that at least one whole round of resolver queries ran meanwhile. @returns what was written */
    async function up(phase: string) {
        configure(phase);
        const [before, rounds] = [writes().length, resolvers.rounds];
        succeeded(await stack.up());
        assert.ok(resolvers.rounds > rounds + 1, `${resolvers.rounds - rounds} rounds`);
        await resolvers.expect();
        return writes().slice(before);
    }

    async function changesNothing(): Promise<void> {
        const before = writes().length;
        assert.match(succeeded(await stack.up()).stdout, /Resources:\n\s+\d+ unchanged\n/);
        assert.equal(writes().length, before);
    }

    /** Moves the clock forward, with a few rounds of resolver queries meanwhile. */
    async function pass(seconds: number): Promise<void> {
        const steps = Math.ceil(seconds / (6 * HOUR)) + 1;
        for (let i = 0; i < steps; i++) {
            world().account.advance(seconds / steps);
            await resolvers.expect();
        }
    }

    before(async () => {
        assert.deepEqual(problems, []);
        writeFileSync(join(here().dir, "example.com.yaml"), text);
        dns().azure.key = ZONE_KEY;
        dns().registry.setDs(ZONE, [dsOf(ZONE, `257 3 13 ${ZONE_KEY}`)]);
        stack = await AccessStack.create("api");
        resolvers = new Resolvers(dns(), QUESTIONS);
    });
    after(() => resolvers.stop());
    afterEach(() => resolvers.check());

    it("mirrors the zone, and no resolver asks Cloudflare yet", async () => {
        const asked = dns().servers.new.asked.length;
        const written = await up("mirror");
        await changesNothing();
        token = (await stack.outputs()).credentials["alice/a"];
        assert.equal(written.filter(({ path }) => path.endsWith("/dns_records")).length, DATA.length);
        assert.equal(zone().status, "pending");
        const after = dns().servers.new.asked.slice(asked);
        assert.deepEqual(
            after.filter((question) => question.endsWith("any.apps.example.com A")),
            [],
        );
    });

    it("refuses the delegation while the zone still has a foreign DS record", async () => {
        await refuses(
            "delegated",
            /delegated needs the parent zone to have no DS record for example\.com except Cloudflare's \(got \d+ 13 2/,
        );
        dns().registry.setDs(ZONE, []);
        await pass(DAY + HOUR);
        dns().azure.key = undefined;
    });

    it("allows the delegation after the DS record is removed, without a change", async () => {
        assert.deepEqual(await up("delegated"), []);
        await refuses(
            "proxied",
            /proxied needs exactly ada\.\S+ and bob\.\S+ as name servers in the parent zone \(got ns1-05\.azure-dns\.com/,
            both(),
        );
    });

    it("refuses the proxy until the zone is active and has its certificate", async () => {
        dns().registry.delegate(ZONE, zone().name_servers);
        await refuses("proxied", /proxied needs the zone active at Cloudflare \(got pending\)/);
        await pass(5 * HOUR); // Within these 5 hours Cloudflare has checked the delegation.
        assert.equal(zone().status, "active");
        zone().certificate_packs[0].status = "pending_validation";
        zone().certificate_packs[0].active_at = world().account.stamp(HOUR);
        await refuses(
            "proxied",
            /needs an active edge certificate for shop\.example\.com, api\.example\.com \(got pending/,
        );
        await pass(2 * HOUR);
        assert.notEqual((await stack.call(token)).status, 200);
    });

    it("updates callers' DNS name in place to the tunnel, and callers get answers", async () => {
        await resolvers.expect("some");
        const written = await up("proxied");
        assert.deepEqual([...new Set(written.map(({ method }) => method))], ["PUT"]);
        assert.ok(written.every(({ path }) => path.includes("/dns_records/")));
        await changesNothing();
        const answer = await stack.call(token);
        assert.equal(answer.status, 200, answer.body);
        assert.equal((await stack.call()).status, 401);
    });

    it("refuses to sign while resolvers may still query Azure", async () => {
        await refuses(
            "signed",
            /signed needs resolvers to have dropped the old delegation from their caches \(not before \d{4}-/,
            both(),
        );
        await pass(2 * DAY);
        await resolvers.expect("all");
        const { length } = dns().servers.old.asked;
        await pass(HOUR);
        assert.equal(dns().servers.old.asked.length, length, "no resolver queries Azure any more");
    });

    it("signs the zone, and shows the DS record for the registrar", async () => {
        await up("signed");
        dns().registry.setDs(ZONE, [(await stack.outputs()).ds!]);
        await pass(2 * DAY);
        assert.equal(zone().dnssec.status, "active");
        await stack.must(["refresh", "--yes", "--skip-preview"]);
        await changesNothing();
    });

    it("goes back to proxied with the zone still signed", async () => {
        assert.deepEqual(await up("proxied"), []);
        assert.equal(zone().dnssec.status, "active");
        dns().registry.setDs(ZONE, []);
        await pass(DAY + HOUR);
        const { api } = world();
        const turnedOff = await fetch(`${api.url}/zones/${zone().id}/dnssec`, {
            method: "PATCH",
            headers: {
                Authorization: `Bearer ${readFileSync(apiTokenFile(here().dir), "utf8")}`,
                "Content-Type": "application/json",
            },
            body: JSON.stringify({ status: "disabled" }),
        });
        assert.equal(turnedOff.status, 200);
        await pass(2 * HOUR);
    });

    it("goes back to delegated: the names resolve to their origins again, updated in place", async () => {
        await resolvers.expect("some");
        const written = await up("delegated");
        assert.deepEqual([...new Set(written.map(({ method }) => method))], ["PUT"]);
        await changesNothing();
        await pass(HOUR);
        await resolvers.expect("none");
    });

    it("goes back to Azure, and no resolver queries Cloudflare any more", async () => {
        assert.deepEqual(await up("mirror"), []);
        const equal = await stack.ops("check", "dns");
        assert.equal(equal.code, 0, equal.stdout + equal.stderr);
        dns().registry.delegate(ZONE, dns().azure.nameServers);
        await pass(2 * DAY + HOUR);
        assert.equal(zone().status, "moved");
        const { length } = dns().servers.new.asked;
        await pass(HOUR);
        assert.equal(dns().servers.new.asked.length, length);
    });
});
