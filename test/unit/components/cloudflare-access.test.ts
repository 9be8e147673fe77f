// Proves the resources of option cloudflare. Engine tests on the sandbox, and the real service, prove that Cloudflare accepts
// them.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { CloudflareAccess, sooner } from "../../../components/cloudflare-access";
import { asked, comesAfter, inputsOf, one, plain, record, value, type Seen } from "../../kit";
import { ACCOUNT, CALLS, cloudflareStack, CONSUMERS, recordCloudflare, TOKENS } from "../kit/cloudflare";
import { stackSeed } from "../../../components/consumers/generated-secrets";

const TYPES = {
    zone: "cloudflare:index/zone:Zone",
    record: "cloudflare:index/dnsRecord:DnsRecord",
    tunnel: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
    config: "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
    token: "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken",
    policy: "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
    application: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
    ruleset: "cloudflare:index/ruleset:Ruleset",
    setting: "cloudflare:index/zoneSetting:ZoneSetting",
    connectors: "command:remote:Command",
    script: "cloudflare:index/workersScript:WorkersScript",
    route: "cloudflare:index/workersRoute:WorkersRoute",
    mail: "cloudflare:index/notificationPolicy:NotificationPolicy",
};
const LIMIT = { rateLimit: { requests: 60, perSeconds: 60 } };

describe("CloudflareAccess", () => {
    let seen: Seen[];
    before(async () => (seen = await recordCloudflare({ ...LIMIT, notify: ["ops@example.com"] })));

    it("points the hostname to the tunnel only when all its protection exists", () => {
        const hostname = one(seen, TYPES.record);
        for (const type of [TYPES.policy, TYPES.application, TYPES.config, TYPES.tunnel])
            assert.ok(comesAfter(seen, hostname, one(seen, type)), type);
        for (const ruleset of seen.filter((r) => r.type === TYPES.ruleset))
            assert.ok(comesAfter(seen, hostname, ruleset), ruleset.name);
        assert.ok(comesAfter(seen, hostname, one(seen, TYPES.connectors)));
    });

    it("starts connectors after their rules, so that they stop before the tunnel is deleted", () => {
        const connectors = one(seen, TYPES.connectors);
        assert.ok(comesAfter(seen, connectors, one(seen, TYPES.config)));
        assert.ok(comesAfter(seen, connectors, one(seen, TYPES.tunnel)));
    });

    it("routes all requests of every name through the Worker before a name resolves to it", async () => {
        const two = await recordCloudflare({ aliases: ["opt.example.com"], pathPrefix: "/opt" });
        const script = one(two, TYPES.script);
        assert.equal(script.inputs.scriptName, "alpa-auth-test");
        assert.match(
            script.inputs.content,
            /^const SETTINGS = \{"hostnames":\["llm\.example\.com","opt\.example\.com"\],"prefixes":\["\/opt","\/alpa"\],"model":"default",/,
        );
        const routes = two.filter((r) => r.type === TYPES.route);
        assert.deepEqual(
            routes.map(({ inputs }) => [inputs.pattern, inputs.script]),
            ["llm.example.com/*", "opt.example.com/*"].map((pattern) => [pattern, "alpa-auth-test"]),
        );
        for (const route of routes) {
            assert.ok(comesAfter(two, route, script));
            for (const record of two.filter((r) => r.type === TYPES.record)) assert.ok(comesAfter(two, record, route));
        }
    });

    it("has no Worker where the config gives a reason", async () => {
        const without = await recordCloudflare({ edgeWorker: { off: "no Workers here" } });
        assert.deepEqual(
            without.filter(({ type }) => [TYPES.script, TYPES.route].includes(type)),
            [],
        );
    });

    it("admits only the declared tokens, by their ids", () => {
        const { decision, includes, excludes, requires } = one(seen, TYPES.policy).inputs;
        assert.equal(decision, "non_identity");
        assert.deepEqual(
            includes,
            ["lab.2026a", "lab.2026b", "nlp.2026a"].map((t) => ({ serviceToken: { tokenId: `${t}-token-id` } })),
        );
        assert.deepEqual([excludes, requires], [undefined, undefined]);
    });

    it("rejects every request without consumers, by an application without a policy", async () => {
        const empty = await recordCloudflare({ consumers: [] });
        assert.deepEqual(one(empty, TYPES.application).inputs.policies, []);
        assert.equal(empty.filter((r) => r.type === TYPES.policy).length, 0);
    });

    it("keeps every secret secret, in every resource", () => {
        for (const resource of seen)
            assert.doesNotMatch(JSON.stringify(inputsOf(resource)), /s3cret|PRIVATE KEY/, resource.name);
    });

    it("protects a zone that it creates, and retains it on destroy", async () => {
        const made = await recordCloudflare({ zone: { name: "example.com", manage: "create", plan: "pro" } });
        const zone = one(made, TYPES.zone);
        assert.deepEqual(zone.inputs, { name: "example.com", account: { id: ACCOUNT } });
        assert.equal(asked(zone).retainOnDelete, true);
        assert.equal(asked(zone).protect, true);
        assert.equal(one(made, TYPES.record).inputs.zoneId, "alpa-zone-zone-id");
    });

    it("creates the application only after its name is in a zone of the account", async () => {
        const made = await recordCloudflare({ zone: { name: "example.com", manage: "create", plan: "pro" } });
        assert.ok(comesAfter(made, one(made, TYPES.application), one(made, TYPES.zone)));
    });

    it("creates the zone's other records in their phase, and outputs the DS record of a signed one", async () => {
        const settings = cloudflareStack();
        const www = { name: "www.example.com", type: "A", ttl: 3600, content: "192.0.2.1", proxied: true } as const;
        let auth: CloudflareAccess | undefined;
        const phase = async (phase: "mirror" | "signed") =>
            record(
                () =>
                    (auth = new CloudflareAccess("alpa", { ...settings, dns: { phase, records: [www] } }, stackSeed())),
                { ...TOKENS, "alpa-dns-dnssec": { ds: "example.com. 3600 IN DS 1 13 2 abc" } },
                CALLS,
            );
        const mirror = (await phase("mirror")).find((r) => r.inputs.name === www.name)!.inputs;
        assert.deepEqual([mirror.proxied, mirror.ttl], [false, 300]);
        assert.equal(auth!.ds, undefined);
        await phase("signed");
        assert.match(await value(auth!.ds!), /DS 1 13 2/);
    });

    it("leaves a name that callers already use to the zone's move", async () => {
        const mine = {
            name: "llm.example.com",
            type: "CNAME",
            ttl: 300,
            content: "origin.example.com",
            proxied: true,
        } as const;
        const settings = cloudflareStack();
        const phase = async (phase: "mirror" | "proxied") => {
            const dns = { phase, records: [mine] };
            const found = await record(
                () => new CloudflareAccess("alpa", { ...settings, dns }, stackSeed()),
                TOKENS,
                CALLS,
            );
            const made = one(found, TYPES.record);
            assert.equal(comesAfter(found, made, one(found, TYPES.application)), phase === "proxied");
            return [made.name, made.inputs.content, made.inputs.proxied];
        };
        const [name, origin, open] = await phase("mirror");
        assert.deepEqual([origin, open], ["origin.example.com", false]);
        assert.deepEqual(await phase("proxied"), [name, "alpa-tunnel-tunnel-id.cfargotunnel.com", true]);
    });

    it("reads a zone of its account, and creates none", async () => {
        assert.equal(seen.filter((r) => r.type === TYPES.zone).length, 0);
        assert.equal(one(seen, TYPES.record).inputs.zoneId, CALLS["cloudflare:index/getZone:getZone"].id);
    });

    it("gives every name a record, rules and an entry in the application", async () => {
        const two = await recordCloudflare({ aliases: ["opt.example.com"] });
        const names = ["llm.example.com", "opt.example.com"];
        const records = two.filter((r) => r.type === TYPES.record).map((r) => r.inputs.name);
        assert.deepEqual(records.sort(), names);
        assert.deepEqual(
            one(two, TYPES.application).inputs.destinations,
            names.map((uri) => ({ type: "public", uri })),
        );
        const { ingresses } = inputsOf(one(two, TYPES.config)).config;
        assert.deepEqual(
            ingresses.map((rule: any) => rule.hostname),
            [names[0], names[0], names[1], names[1], undefined],
        );
    });

    it("keeps the record of a hostname that becomes an alias of another", async () => {
        const renamed = await recordCloudflare({ hostname: "opt.example.com", aliases: ["llm.example.com"] });
        const before = one(seen, TYPES.record);
        const after = renamed.find((r) => r.type === TYPES.record && r.inputs.name === "llm.example.com");
        assert.deepEqual([after?.name, after?.inputs], [before.name, before.inputs]);
    });

    it("outputs pairs by consumer and credential, and a command that works as pasted, as secrets", async () => {
        let auth: CloudflareAccess | undefined;
        await record(() => (auth = new CloudflareAccess("alpa", cloudflareStack(), stackSeed())), TOKENS, CALLS);
        assert.equal(await pulumi.isSecret(auth!.credentials), true);
        assert.equal(await pulumi.isSecret(auth!.curl), true);
        assert.deepEqual(await value(auth!.credentials), {
            "lab/2026a": { clientId: "lab.2026a-id.access", clientSecret: "s3cret-of-lab.2026a" },
            "lab/2026b": { clientId: "lab.2026b-id.access", clientSecret: "s3cret-of-lab.2026b" },
            "nlp/2026a": { clientId: "nlp.2026a-id.access", clientSecret: "s3cret-of-nlp.2026a" },
        });
        assert.match(await value(auth!.curl), /\nCF-Access-Client-Secret: s3cret-of-lab\.2026a\nEND$/);
        assert.deepEqual(await value(auth!.expires), {
            "lab/2026a": "2027-11-25",
            "lab/2026b": "2027-11-25",
            "nlp/2026a": "2027-06-30", // The config's date is earlier than Cloudflare's date.
        });
    });

    it("uses a token that is not disabled for that command", async () => {
        const [first, ...others] = CONSUMERS;
        const stopped = first.credentials.map((one) => ({ ...one, enabled: false }));
        let auth: CloudflareAccess | undefined;
        const consumers = [{ ...first, credentials: stopped }, ...others];
        await record(
            () => (auth = new CloudflareAccess("alpa", cloudflareStack({ consumers }), stackSeed())),
            TOKENS,
            CALLS,
        );
        assert.match(await value(auth!.curl), /\nCF-Access-Client-Secret: s3cret-of-nlp\.2026a\nEND$/);
    });

    it("does not change other callers' resources when a caller is added", async () => {
        const more = await recordCloudflare({
            consumers: [...CONSUMERS, { name: "new", credentials: [{ id: "a", method: "service-token" }] }],
            ...LIMIT,
            notify: ["ops@example.com"],
        });
        const changed = more
            .filter((r) => r.custom)
            .filter((r) => {
                const before = seen.find((s) => s.type === r.type && s.name === r.name);
                return JSON.stringify(plain(before?.inputs)) !== JSON.stringify(plain(r.inputs));
            })
            .map((r) => r.name);
        assert.deepEqual(changed.sort(), ["alpa-access-policy", "alpa-tokens-secret-versions", "new.a-token"]);
    });
});

describe("the expiry of a token", () => {
    it("is the earlier of the config's and Cloudflare's", () => {
        const ends = { a: "2027-05-01T10:00:00Z", b: "2027-05-01T10:00:00Z", c: "2027-05-01T10:00:00Z" };
        const days = { a: "2027-04-30", b: "2027-05-02", gone: "2026-01-01" };
        assert.deepEqual(sooner(ends, days), { a: "2027-04-30", b: "2027-05-01", c: "2027-05-01", gone: "2026-01-01" });
    });
});
