// Proves the cloudflare provider over its protocol, against the API emulator: states, differences, refreshes, secrets. Engine
// tests prove it with the project's program.
import assert from "node:assert/strict";
import { renderRoutes } from "../../../components/cloudflare/tunnel";
import { cloudflareService } from "../../plugins/cloudflare/service";
import { UNKNOWN } from "../../plugins/protocol";
import { ADMIN, TestApi } from "../cloudflare/kit";
import { isSecret, plain, providerClient, type ProviderClient, type Values } from "./provider-client";

const urnOf = (type: string) =>
    `urn:pulumi:dev::proj::cloudflare:index/${type[0].toLowerCase()}${type.slice(1)}:${type}::res`;
const TOKEN = "ZeroTrustAccessServiceToken";

describe("cloudflare provider", () => {
    let test: TestApi;
    let provider: ProviderClient;
    let accountId: string;
    let zoneId: string;
    beforeEach(async () => {
        test = await TestApi.start();
        accountId = test.account.id;
        test.account.dsAtParent = (name) => [test.account.zoneNamed(name)!.dnssec.key!.ds];
        zoneId = await test.zone();
        const env = { PULUMI_TF_BRIDGE_ACCURATE_PF_BRIDGE_PREVIEW: "true" };
        provider = await providerClient(cloudflareService(env), urnOf);
        await provider.configure({ apiToken: ADMIN, baseUrl: test.api.url });
    });
    afterEach(async () => {
        provider.close();
        await test.close();
    });

    /** Inputs of each resource, as the project's components set them, with a change. */
    const resources: [type: string, inputs: () => Promise<Values>, change: Values][] = [
        ["Zone", async () => ({ name: "new.test", account: { id: accountId } }), {}],
        [
            "DnsRecord",
            async () => ({ zoneId, name: "a.example.test", type: "A", content: "192.0.2.1", ttl: 300 }),
            { ttl: 60 },
        ],
        [
            "DnsRecord",
            async () => ({
                ...{ zoneId, name: "s.example.test", type: "SRV", ttl: 300, priority: 1 },
                data: { priority: 1, weight: 2, port: 3, target: "a.example.test" },
            }),
            { priority: 2 },
        ],
        ["ZoneDnssec", async () => ({ zoneId, status: "active", dnssecUseNsec3: false }), {}],
        ["ZeroTrustTunnelCloudflared", async () => ({ accountId, name: "t", configSrc: "cloudflare" }), { name: "u" }],
        [
            "ZeroTrustTunnelCloudflaredConfig",
            async () => {
                const { id: tunnelId } = (await test.post("accounts/{account}/cfd_tunnel", { name: "t" })).result;
                const access = { teamName: "x", audience: "y" };
                return {
                    accountId,
                    tunnelId,
                    config: renderRoutes({ hostnames: ["a.test"], endpoint: "a:1", paths: ["^/x$"], access }),
                };
            },
            { config: { ingresses: [{ service: "http_status:404" }] } },
        ],
        [TOKEN, async () => ({ accountId, name: "a", duration: "24h", enabled: true }), { enabled: false }],
        [
            "Ruleset",
            async () => ({
                ...{ zoneId, name: "n", kind: "zone", phase: "http_ratelimit" },
                rules: [
                    {
                        ...{
                            ref: "r",
                            description: "d",
                            action: "block",
                            expression: '(http.host eq "a")',
                            enabled: true,
                        },
                        ratelimit: {
                            characteristics: ["cf.colo.id", "ip.src"],
                            ...{ period: 10, requestsPerPeriod: 1, mitigationTimeout: 10 },
                        },
                    },
                ],
            }),
            { rules: [] },
        ],
        [
            "NotificationPolicy",
            async () => ({
                ...{ accountId, name: "n", alertType: "expiring_service_token_alert", enabled: true },
                mechanisms: { emails: [{ id: "b@example.com" }, { id: "a@example.com" }] },
            }),
            { name: "m" },
        ],
        [
            "WorkersScript",
            async () => ({
                ...{ accountId, scriptName: "one", mainModule: "worker.mjs", compatibilityDate: "2026-01-01" },
                content: "export default { fetch: (request) => fetch(request) };\n",
            }),
            { content: "export default { fetch() {} };" },
        ],
    ];
    for (const [type, make, change] of resources)
        it(`creates, reads, changes and deletes a ${type} without another difference`, async () => {
            const inputs = await make();
            assert.deepEqual((await provider.check(type, inputs)).problems, []);
            const { id, state } = await provider.create(type, inputs);
            assert.deepEqual((await provider.diff(type, state, inputs)).changes, []);
            const read = await provider.read(type, id, state, inputs);
            assert.deepEqual((await provider.diff(type, read.state, inputs)).changes, []);
            assert.deepEqual(read.inputs, inputs);
            if (Object.keys(change).length > 0) {
                const changed = { ...inputs, ...change };
                const { changes, replaces } = await provider.diff(type, read.state, changed);
                assert.ok(changes.includes(Object.keys(change)[0]));
                assert.deepEqual(replaces, []);
                const updated = await provider.update(type, read.state, changed);
                const after = await provider.read(type, id, updated, changed);
                assert.deepEqual((await provider.diff(type, after.state, changed)).changes, []);
            }
            await provider.delete(type, id, state);
        });

    it("marks a token's secret, keeps it in a refresh, and shows it as unknown only before a rotation", async () => {
        const inputs = { accountId, name: "a", enabled: true };
        const { id, state } = await provider.create(TOKEN, inputs);
        assert.ok(isSecret(state.clientSecret));
        const { state: read } = await provider.read(TOKEN, id, state, inputs);
        assert.equal(plain(read).clientSecret, plain(state).clientSecret);
        const rotated = { ...inputs, clientSecretVersion: 2, previousClientSecretExpiresAt: "2026-12-01T00:00:00Z" };
        const [named, again] = [{ ...inputs, name: "b" }, rotated];
        assert.equal(plain(await provider.update(TOKEN, state, named, true)).clientSecret, plain(state).clientSecret);
        assert.equal((await provider.update(TOKEN, state, again, true)).clientSecret, UNKNOWN);
        const after = plain(await provider.update(TOKEN, state, again));
        assert.notEqual(after.clientSecret, plain(state).clientSecret);
        assert.equal(after.clientId, plain(state).clientId);
        // The answer has no secret if the API has already had this version. The state keeps the old one, without an error.
        assert.equal(plain(await provider.update(TOKEN, state, again)).clientSecret, plain(state).clientSecret);
    });

    it("names the parts that differ, and ignores the order of selectors", async () => {
        const { id } = (await test.post("accounts/{account}/access/service_tokens", { name: "a" })).result;
        const selectors = [{ serviceToken: { tokenId: id } }, { everyone: {} }];
        const inputs = { accountId, name: "p", decision: "non_identity", includes: selectors };
        const { state } = await provider.create("ZeroTrustAccessPolicy", inputs);
        const reversed = { ...inputs, includes: [...selectors].reverse() };
        assert.deepEqual((await provider.diff("ZeroTrustAccessPolicy", state, reversed)).changes, []);
        const shorter = { ...inputs, includes: selectors.slice(0, 1) };
        const kinds = await provider.detailedDiff("ZeroTrustAccessPolicy", state, shorter);
        assert.equal(kinds!["includes[1]"], "DELETE");
    });

    it("sees that a resource is gone, and gives the API's error", async () => {
        const inputs = { zoneId, name: "a.example.test", type: "A", content: "192.0.2.1", ttl: 300 };
        const { id, state } = await provider.create("DnsRecord", inputs);
        test.account.records(zoneId).clear();
        assert.equal((await provider.read("DnsRecord", id, state, inputs)).id, "");
        await assert.rejects(
            provider.create("Zone", { name: "example.test", account: { id: accountId } }),
            /"code":1061.*already exists/,
        );
    });

    it("finds a zone by its name, and imports it with the inputs of the program", async () => {
        const filter = { name: "example.test", account: { id: accountId } };
        const found = await provider.invoke("cloudflare:index/getZone:getZone", { filter });
        assert.deepEqual([found.id, found.status, found.nameServers.length], [zoneId, "pending", 2]);
        const { inputs, state } = await provider.read("Zone", zoneId);
        assert.deepEqual(inputs, { ...filter, type: "full", paused: false });
        assert.deepEqual((await provider.diff("Zone", state, filter)).changes, []);
    });

    it("rejects other resources, inputs, functions, imports and settings by name", async () => {
        await assert.rejects(provider.create("PageRule", {}), /unsupported by the sandbox: .*PageRule/);
        const { problems } = await provider.check("DnsRecord", { zoneId, name: "a", type: "A", ttl: 1, comment: "x" });
        assert.match(problems.join(), /has no input "comment"/);
        await assert.rejects(provider.invoke("cloudflare:index/getUser:getUser", {}), /UNIMPLEMENTED/);
        await assert.rejects(provider.read("Ruleset", "x"), /Importing .*Ruleset/);
        assert.match((await provider.configProblems({ apiKey: "x" })).join(), /no setting "apiKey"/);
    });
});
