// Proves the cloudflare provider's rules over its protocol, against a server that records requests. The rules were
// observed with the released provider 6.17.0 and such a server.
import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { UNKNOWN } from "../../../plugins/protocol";
import { cloudflareService } from "../../../plugins/cloudflare/service";
import { isSecret, plain, providerClient, type Values } from "../provider-client";
import { ACCOUNT, type Api, result, startApi, TOKEN, urnOf, ZONE } from "./api";

const ID = "c".repeat(32);
const RECORD = { zoneId: ZONE, name: "www.example.test", type: "A", ttl: 300, content: "192.0.2.1" };
const STATE = { ...RECORD, id: ID, proxied: false, tags: [], settings: {}, modifiedOn: "2026-01-01T00:00:00Z" };
const SERVICE_TOKEN = { accountId: ACCOUNT, name: "caller" };
const DATE = "2026-12-01T00:00:00Z";
/** Properties that the API computes, for each resource type that the tests here update. */
const COMPUTED: Record<string, string[]> = {
    DnsRecord: ["commentModifiedOn", "createdOn", "meta", "modifiedOn", "proxiable", "tagsModifiedOn"],
    Zone: [
        ...["activatedOn", "cnameSuffix", "createdOn", "developmentMode", "meta", "modifiedOn", "nameServers"],
        ...["originalDnshost", "originalNameServers", "originalRegistrar", "owner", "permissions", "plan", "status"],
        ...["tenant", "tenantUnit", "vanityNameServers", "verificationKey"],
    ],
    ZeroTrustTunnelCloudflared: [
        ...["accountTag", "connections", "connsActiveAt", "connsInactiveAt", "createdAt", "deletedAt", "metadata"],
        ...["remoteConfig", "status", "tunType"],
    ],
    ZeroTrustTunnelCloudflaredConfig: ["createdAt", "source", "version"],
    ZeroTrustAccessPolicy: ["appCount", "createdAt", "reusable", "updatedAt"],
};
const APP = { accountId: ACCOUNT, type: "self_hosted", name: "api", domain: "api.example.test" };

describe("cloudflare provider", () => {
    let api: Api;
    before(async () => {
        api = await startApi();
    });
    after(() => api.close());

    const problems = async (type: string, inputs: Values) => (await api.provider.check(type, inputs)).problems;
    const bodies = () => api.calls.map(({ body }) => body);

    describe("settings", () => {
        it("are sent: the token, and the headers of the released provider", async () => {
            api.answer(result({ id: ID }));
            await api.provider.create("DnsRecord", RECORD);
            const { headers } = api.calls[0];
            assert.equal(headers.authorization, `Bearer ${TOKEN}`);
            assert.match(String(headers["user-agent"]), /^terraform-provider-cloudflare\/pulumi /);
            assert.equal(headers["x-stainless-retry-count"], "0");
        });

        it("keep the path of a base URL, with and without a slash at its end", async () => {
            for (const base of ["/client/v4", "/client/v4/"]) {
                await api.provider.configure({ apiToken: TOKEN, baseUrl: api.url + base });
                api.answer(result({ id: ID }));
                await api.provider.create("DnsRecord", RECORD);
                assert.equal(api.calls[0].path, `/client/v4/zones/${ZONE}/dns_records`);
            }
            await api.provider.configure({ apiToken: TOKEN, baseUrl: api.url });
        });

        it("reject a malformed token without showing it", async () => {
            const [problem] = await api.provider.configProblems({ apiToken: "short-secret" });
            assert.match(problem, /could not validate provider configuration.*Attribute api_token/);
            assert.doesNotMatch(problem, /short-secret/);
        });

        it("are updated in place for another token or address", async () => {
            const found = await api.provider.diffConfig(
                { apiToken: "a", baseUrl: "b" },
                { apiToken: "c", baseUrl: "b" },
            );
            assert.deepEqual(found, { changes: ["apiToken"], replaces: [] });
        });

        it("cause no request", async () => {
            api.answer(result({}));
            await api.provider.configure({ apiToken: "x".repeat(40), baseUrl: api.url });
            assert.deepEqual(api.calls, []);
        });
    });

    it("deletes a ruleset whose answer is empty", async () => {
        api.answer({ status: 204, headers: { "content-type": "" }, body: "" });
        await api.provider.delete("Ruleset", ID, { id: ID, zoneId: ZONE });
        assert.deepEqual([api.calls[0].method, api.calls[0].path], ["DELETE", `/zones/${ZONE}/rulesets/${ID}`]);
    });

    it("fails without the id, which a state lacks after an answer that was not JSON", async () => {
        const { id: _, ...state } = STATE;
        const said = /missing required dns_record_id parameter/;
        await assert.rejects(api.provider.read("DnsRecord", ID, state), said);
        await assert.rejects(api.provider.update("DnsRecord", state, RECORD), said);
    });

    describe("DnsRecord", () => {
        it("rejects proxied with a ttl only on create, before any request", async () => {
            api.answer(result({ id: ID }));
            const inputs = { ...RECORD, proxied: true };
            assert.deepEqual(await problems("DnsRecord", inputs), []);
            await assert.rejects(
                api.provider.create("DnsRecord", inputs),
                /ttl must be set to 1 when `proxied` is true/,
            );
            assert.deepEqual(api.calls, []);
            await api.provider.update("DnsRecord", STATE, inputs);
            assert.equal(api.calls.length, 1);
        });

        const same: [given: string, answered: string][] = [
            ["@", "example.test"],
            ["www", "www.example.test"],
            ["www.example.test", "www"],
        ];
        for (const [given, answered] of same) {
            it(`treats the names ${given} and ${answered} as equal`, async () => {
                const found = await api.provider.diff(
                    "DnsRecord",
                    { ...STATE, name: answered },
                    { ...RECORD, name: given },
                );
                assert.deepEqual(found.changes, []);
            });
        }

        it("is imported by zone and id, without a difference from a program with the same inputs", async () => {
            const { zoneId: _zone, ...answer } = RECORD;
            api.answer(result({ ...answer, id: ID, proxied: false, tags: [], settings: {}, comment: null }));
            const found = await api.provider.read("DnsRecord", `${ZONE}/${ID}`);
            assert.equal(found.id, ID);
            assert.deepEqual((await api.provider.diff("DnsRecord", found.state, RECORD)).changes, []);
            await assert.rejects(api.provider.read("DnsRecord", ID), /expected urlencoded segments "<zone_id>\/<id>"/);
        });
    });

    describe("ZeroTrustAccessServiceToken", () => {
        const made = { id: ID, client_id: "x.access", client_secret: "s1", expires_at: DATE };

        it("marks only the client secret as secret", async () => {
            api.answer(result(made));
            const { state } = await api.provider.create("ZeroTrustAccessServiceToken", SERVICE_TOKEN);
            assert.deepEqual(bodies(), [{ name: "caller", duration: "8760h", client_secret_version: 1 }]);
            assert.deepEqual(
                Object.keys(state).filter((name) => isSecret(state[name])),
                ["clientSecret"],
            );
        });

        it("keeps the secret unless the answer has a new one, and knows the secret in a preview only when the version stays", async () => {
            api.answer(result(made));
            const { state } = await api.provider.create("ZeroTrustAccessServiceToken", SERVICE_TOKEN);
            const rotated = { ...SERVICE_TOKEN, clientSecretVersion: 2, previousClientSecretExpiresAt: DATE };
            const shown = await api.provider.update("ZeroTrustAccessServiceToken", state, rotated, true);
            assert.deepEqual([shown.clientSecret, shown.expiresAt], [UNKNOWN, UNKNOWN]);
            assert.equal(shown.clientId, "x.access");

            api.answer(result({ ...made, client_secret: "s2" }));
            const second = await api.provider.update("ZeroTrustAccessServiceToken", state, rotated);
            assert.equal(plain(second).clientSecret, "s2");
            assert.deepEqual(bodies(), [
                {
                    name: "caller",
                    duration: "8760h",
                    client_secret_version: 2,
                    previous_client_secret_expires_at: DATE,
                },
            ]);

            const { client_secret: _secret, ...without } = made;
            api.answer(result(without));
            const third = await api.provider.update("ZeroTrustAccessServiceToken", second, {
                ...rotated,
                clientSecretVersion: 3,
            });
            assert.equal(plain(third).clientSecret, "s2", "silently");
            const renamed = await api.provider.update(
                "ZeroTrustAccessServiceToken",
                third,
                { ...rotated, clientSecretVersion: 3, name: "x" },
                true,
            );
            assert.equal(plain(renamed).clientSecret, "s2");
        });

        it("sends version 1 and no date when version and date are removed", async () => {
            api.answer(result(made));
            const state = { ...SERVICE_TOKEN, id: ID, duration: "8760h", clientSecretVersion: 2 };
            await api.provider.update(
                "ZeroTrustAccessServiceToken",
                { ...state, previousClientSecretExpiresAt: DATE },
                SERVICE_TOKEN,
            );
            assert.deepEqual(bodies()[0], {
                name: "caller",
                duration: "8760h",
                client_secret_version: 1,
                previous_client_secret_expires_at: null,
            });
        });

        it("is imported without version, date and secret, so a program that has them updates the token", async () => {
            api.answer(result({ ...made, name: "caller", duration: "8760h", client_secret_version: 3 }));
            const { state } = await api.provider.read("ZeroTrustAccessServiceToken", `accounts/${ACCOUNT}/${ID}`);
            assert.deepEqual([state.clientSecret, state.clientSecretVersion], [undefined, undefined]);
            const rotated = { ...SERVICE_TOKEN, clientSecretVersion: 3, previousClientSecretExpiresAt: DATE };
            const { changes } = await api.provider.diff("ZeroTrustAccessServiceToken", state, rotated);
            assert.deepEqual(
                changes.filter((name) => !["enabled", "expiresAt"].includes(name)),
                ["clientSecretVersion", "previousClientSecretExpiresAt"],
            );
        });
    });

    describe("ZeroTrustAccessPolicy", () => {
        const inputs = {
            accountId: ACCOUNT,
            name: "p",
            decision: "non_identity",
            includes: [{ serviceToken: { tokenId: "t1" } }, { anyValidServiceToken: {} }],
            excludes: [{ ip: { ip: "192.0.2.0/24" } }],
        };
        const sent = {
            name: "p",
            decision: "non_identity",
            include: [{ service_token: { token_id: "t1" } }, { any_valid_service_token: {} }],
            exclude: [{ ip: { ip: "192.0.2.0/24" } }],
            session_duration: "24h",
        };

        it("sends selectors in the API's format, and null for a removed list", async () => {
            api.answer(result({ ...sent, id: ID }));
            const { state } = await api.provider.create("ZeroTrustAccessPolicy", inputs);
            const { excludes: _gone, ...fewer } = inputs;
            await api.provider.update("ZeroTrustAccessPolicy", state, fewer);
            assert.deepEqual(bodies(), [sent, { ...sent, exclude: null }]);
        });

        it("sees no difference in another order, nor in an empty list that the program does not set", async () => {
            api.answer(result({ ...sent, include: [...sent.include].reverse(), require: [], id: ID }));
            const { state } = await api.provider.read("ZeroTrustAccessPolicy", ID, { ...inputs, id: ID });
            assert.deepEqual((await api.provider.diff("ZeroTrustAccessPolicy", state, inputs)).changes, []);
        });

        it("sees a difference in a session duration that a read did not return", async () => {
            const { session_duration: _gone, ...answer } = sent;
            api.answer(result({ ...answer, id: ID }));
            const { state } = await api.provider.read("ZeroTrustAccessPolicy", ID, { ...inputs, id: ID });
            const { changes } = await api.provider.diff("ZeroTrustAccessPolicy", state, inputs);
            assert.deepEqual(changes, [...COMPUTED.ZeroTrustAccessPolicy, "sessionDuration"].sort());
        });
    });

    describe("ZeroTrustAccessApplication", () => {
        const sent = {
            type: "self_hosted",
            name: "api",
            domain: "api.example.test",
            session_duration: "24h",
            app_launcher_visible: true,
            http_only_cookie_attribute: true,
            policies: [{ id: "p1", precedence: 1 }],
            service_auth_401_redirect: true,
        };
        const inputs = { ...APP, policies: [{ id: "p1" }], serviceAuth401Redirect: true };
        const answered = {
            ...sent,
            id: ID,
            aud: "d".repeat(64),
            self_hosted_domains: [sent.domain],
            destinations: [{ type: "public", uri: sent.domain }],
            policies: [{ id: "p1", precedence: 1, name: "p", decision: "allow", include: [], reusable: true }],
            tags: [],
            allowed_idps: [],
            enable_binding_cookie: false,
        };

        it("always sends policies, and fills in precedence", async () => {
            api.answer(result(answered));
            await api.provider.create("ZeroTrustAccessApplication", inputs);
            await api.provider.create("ZeroTrustAccessApplication", APP);
            assert.deepEqual(bodies()[0], sent);
            assert.deepEqual(bodies()[1].policies, []);
        });

        it("keeps what the API derived from the domain, unless the domain changes", async () => {
            api.answer(result(answered));
            const { state } = await api.provider.create("ZeroTrustAccessApplication", inputs);
            const { serviceAuth401Redirect: _gone, ...without } = inputs;
            await api.provider.update("ZeroTrustAccessApplication", state, without);
            await api.provider.update("ZeroTrustAccessApplication", state, { ...inputs, domain: "b.example.test" });
            const [, flagless, moved] = bodies();
            assert.equal(flagless.service_auth_401_redirect, null);
            assert.deepEqual(flagless.destinations, answered.destinations);
            assert.deepEqual([moved.destinations, moved.self_hosted_domains], [undefined, undefined]);
        });

        it("keeps the last alias where the program omits destinations, without a difference", async () => {
            const two = [APP.domain, "b.example.test"].map((uri) => ({ type: "public", uri }));
            api.answer(result({ ...answered, destinations: two, self_hosted_domains: two.map(({ uri }) => uri) }));
            const { state } = await api.provider.create("ZeroTrustAccessApplication", { ...inputs, destinations: two });
            assert.deepEqual((await api.provider.diff("ZeroTrustAccessApplication", state, inputs)).changes, []);
            await api.provider.update("ZeroTrustAccessApplication", state, { ...inputs, name: "other" });
            assert.deepEqual(bodies().at(-1).destinations, two);
        });

        it("removes the last alias if the destinations then have one name, without a difference after a refresh", async () => {
            const [type, given] = ["ZeroTrustAccessApplication", { ...inputs, destinations: answered.destinations }];
            const two = [...answered.destinations, { type: "public", uri: "b.example.test" }];
            api.answer(result({ ...answered, destinations: two }));
            const { state } = await api.provider.create(type, { ...inputs, destinations: two });
            assert.deepEqual((await api.provider.diff(type, state, given)).changes, [
                "destinations",
                "selfHostedDomains",
            ]);
            api.answer(result(answered));
            const after = await api.provider.update(type, state, given);
            assert.deepEqual(bodies()[0].destinations, answered.destinations);
            const again = await api.provider.read(type, ID, after, given);
            assert.deepEqual((await api.provider.diff(type, again.state, given)).changes, []);
        });

        it("has no difference after a refresh; after an import, sends false flags as null", async () => {
            api.answer(result(answered));
            const { state } = await api.provider.create("ZeroTrustAccessApplication", inputs);
            const again = await api.provider.read("ZeroTrustAccessApplication", ID, state, inputs);
            assert.deepEqual((await api.provider.diff("ZeroTrustAccessApplication", again.state, inputs)).changes, []);
            assert.deepEqual(again.inputs.policies, [{ id: "p1" }]);
            const imported = await api.provider.read("ZeroTrustAccessApplication", `accounts/${ACCOUNT}/${ID}`);
            const { changes } = await api.provider.diff("ZeroTrustAccessApplication", imported.state, inputs);
            assert.deepEqual(changes, ["allowedIdps", "enableBindingCookie", "tags"]);
            await api.provider.update("ZeroTrustAccessApplication", imported.state, inputs);
            assert.equal(bodies().at(-1).enable_binding_cookie, null);
        });
    });

    it("ZoneDnssec: unset flags differ after every refresh, false ones do not", async () => {
        const flags = { dnssec_multi_signer: false, dnssec_presigned: false, dnssec_use_nsec3: false };
        api.answer(result({ status: "active", ...flags }));
        const unset = { zoneId: ZONE, status: "active" };
        const off = { ...unset, dnssecMultiSigner: false, dnssecPresigned: false, dnssecUseNsec3: false };
        const differs = async (given: Values) => {
            const made = await api.provider.create("ZoneDnssec", given);
            const { state } = await api.provider.read("ZoneDnssec", ZONE, made.state, given);
            const { changes } = await api.provider.diff("ZoneDnssec", state, given);
            return changes.filter((name) => name.startsWith("dnssec"));
        };
        assert.deepEqual(await differs(unset), ["dnssecMultiSigner", "dnssecPresigned", "dnssecUseNsec3"]);
        assert.deepEqual(await differs(off), []);
    });

    it("Ruleset: sends defaults of a rule and never its id; removing a ref changes nothing", async () => {
        const limit = {
            characteristics: ["cf.colo.id", "ip.src"],
            period: 60,
            requestsPerPeriod: 5,
            mitigationTimeout: 60,
        };
        const rule = { action: "block", expression: "true", ref: "r1", ratelimit: limit };
        const inputs = { zoneId: ZONE, name: "n", kind: "zone", phase: "http_ratelimit", rules: [rule] };
        const answer = { id: ID, version: "1", rules: [{ id: ID, ref: "r1" }] };
        api.answer(result(answer));
        const { state } = await api.provider.create("Ruleset", inputs);
        assert.equal(state.rules[0].id, ID);
        const { ref: _ref, ...noRef } = rule;
        assert.deepEqual((await api.provider.diff("Ruleset", state, { ...inputs, rules: [noRef] })).changes, []);
        await api.provider.update("Ruleset", state, { ...inputs, rules: [{ ...rule, expression: "false" }] });
        const wire = {
            characteristics: limit.characteristics,
            period: 60,
            requests_per_period: 5,
            mitigation_timeout: 60,
            requests_to_origin: false,
        };
        assert.deepEqual(bodies()[1].rules, [
            {
                action: "block",
                expression: "false",
                description: "",
                enabled: true,
                ref: "r1",
                action_parameters: {},
                ratelimit: wire,
            },
        ]);
    });

    describe("changes", () => {
        const zone = { id: ZONE, name: "example.test", account: { id: ACCOUNT }, type: "full", paused: false };
        const config = { accountId: ACCOUNT, tunnelId: ID, config: { ingresses: [{ service: "http_status:404" }] } };
        const cases: [
            why: string,
            type: string,
            state: Values,
            inputs: Values,
            changes: string[],
            replaces: string[],
        ][] = [
            ["nothing for the same inputs", "DnsRecord", STATE, RECORD, [], []],
            ["another record for another type", "DnsRecord", STATE, { ...RECORD, type: "AAAA" }, ["type"], ["type"]],
            ["in place for a comment", "DnsRecord", STATE, { ...RECORD, comment: "x" }, ["comment"], []],
            ["in place for an unknown value", "DnsRecord", STATE, { ...RECORD, content: UNKNOWN }, ["content"], []],
            ["another zone for another name", "Zone", zone, { ...zone, name: "b.test" }, ["name"], ["name"]],
            [
                "another zone when the answer had no account",
                "Zone",
                { id: ZONE, name: "example.test", type: "full", paused: false },
                zone,
                ["account"],
                ["account"],
            ],
            ["nothing for empty vanity name servers", "Zone", zone, { ...zone, vanityNameServers: [] }, [], []],
            [
                "another tunnel for another source of configuration",
                "ZeroTrustTunnelCloudflared",
                { id: ID, accountId: ACCOUNT, name: "t", configSrc: "local" },
                { accountId: ACCOUNT, name: "t", configSrc: "cloudflare" },
                ["configSrc"],
                ["configSrc"],
            ],
            [
                "in place for an empty originRequest that appeared",
                "ZeroTrustTunnelCloudflaredConfig",
                { ...config, id: ID, config: { ...config.config, originRequest: {} } },
                config,
                ["config"],
                [],
            ],
        ];
        for (const [why, type, state, inputs, changes, replaces] of cases) {
            it(`${type}: ${why}`, async () => {
                const { id: _id, ...given } = inputs;
                const found = await api.provider.diff(type, state, given);
                const ours = found.changes.filter((name) => !COMPUTED[type]?.includes(name));
                assert.deepEqual({ changes: ours, replaces: found.replaces }, { changes, replaces });
            });
        }

        const [app, policy] = ["ZeroTrustAccessApplication", "ZeroTrustAccessPolicy"];
        const token = { ...SERVICE_TOKEN, enabled: true };
        const tokenState = { ...token, id: ID, duration: "8760h", clientSecretVersion: 1, clientId: "i", aud: "x" };
        const rotated = { ...token, clientSecretVersion: 2, previousClientSecretExpiresAt: DATE };
        const appState = { ...APP, id: ID, sessionDuration: "24h", policies: [], aud: "x" };
        const shown = { ...appState, appLauncherVisible: true, httpOnlyCookieAttribute: true };
        const derived = { destinations: [{ type: "public", uri: APP.domain }], selfHostedDomains: [APP.domain] };
        const rules = { zoneId: ZONE, kind: "zone", name: "r", phase: "http_ratelimit", rules: [] };
        const answered: [what: string, type: string, state: Values, inputs: Values, changes: string[]][] = [
            [
                "the expiry of a token",
                "ZeroTrustAccessServiceToken",
                tokenState,
                { ...token, name: "b" },
                ["expiresAt", "name"],
            ],
            [
                "the secret of a token that is rotated",
                "ZeroTrustAccessServiceToken",
                tokenState,
                rotated,
                ["clientSecret", "clientSecretVersion", "expiresAt", "previousClientSecretExpiresAt"],
            ],
            [
                "version and time of a rule set",
                "Ruleset",
                { ...rules, id: ID, description: "", version: "1", lastUpdated: DATE },
                { ...rules, description: "b" },
                ["description", "lastUpdated", "version"],
            ],
            [
                "version, time and source of a tunnel's configuration",
                "ZeroTrustTunnelCloudflaredConfig",
                { ...config, id: ID, version: 1, createdAt: DATE, source: "cloudflare" },
                { ...config, config: { ingresses: [{ service: "http_status:503" }] } },
                ["config", "createdAt", "source", "version"],
            ],
            [
                "whether a setting of a zone is enabled",
                "ZoneSetting",
                { zoneId: ZONE, settingId: "proxy_read_timeout", id: "proxy_read_timeout", value: 300, editable: true },
                { zoneId: ZONE, settingId: "proxy_read_timeout", value: 600 },
                ["editable", "enabled", "modifiedOn", "timeRemaining", "value"],
            ],
            [
                "an application's hostnames that the API derives",
                app,
                { ...shown, ...derived },
                { ...APP, domain: "b.example.test" },
                ["destinations", "domain", "selfHostedDomains"],
            ],
            [
                "none for an application whose domain stays",
                app,
                { ...shown, ...derived },
                { ...APP, name: "b" },
                ["name"],
            ],
        ];
        for (const [what, type, state, inputs, changes] of answered)
            it(`name properties that only the API's answer has: ${what}`, async () => {
                assert.deepEqual((await api.provider.diff(type, state, inputs)).changes, changes);
            });

        describe("whose kind", () => {
            const asked = (value: string) => ({ PULUMI_TF_BRIDGE_ACCURATE_PF_BRIDGE_PREVIEW: value });
            const includes = (...ids: string[]) => ids.map((tokenId) => ({ serviceToken: { tokenId } }));
            const given = { accountId: ACCOUNT, name: "p", decision: "non_identity", includes: includes("a", "b") };
            const state = { ...given, id: ID, sessionDuration: "24h", includes: includes("a"), approvalRequired: true };
            const differences = async (env: NodeJS.ProcessEnv) => {
                const { detailedDiff, close } = await providerClient(cloudflareService(env), urnOf);
                try {
                    return await detailedDiff(policy, state, given);
                } finally {
                    close();
                }
            };

            it("is in the diff where the environment requests it, down to the nested property", async () => {
                for (const value of ["true", "1", "True"])
                    assert.deepEqual(await differences(asked(value)), {
                        "includes[1]": "ADD",
                        approvalRequired: "DELETE",
                        ...Object.fromEntries(COMPUTED[policy].map((name) => [name, "ADD"])),
                    });
            });

            it("is not in the diff otherwise, as released", async () => {
                for (const env of [{}, asked("false"), asked("")]) assert.equal(await differences(env), undefined);
            });
        });

        it("return a preview without a request, with everything unknown that only the API knows", async () => {
            api.answer(result({}));
            const { id, state } = await api.provider.create(
                "ZeroTrustTunnelCloudflared",
                { accountId: ACCOUNT, name: "t" },
                true,
            );
            assert.equal(id, "");
            assert.deepEqual([state.id, state.status, state.name], [UNKNOWN, UNKNOWN, "t"]);
            assert.deepEqual(api.calls, []);
        });
    });

    describe("rejects", () => {
        const refused: [why: string, type: string, inputs: Values, reason: RegExp][] = [
            [
                "an input that is unsupported",
                "DnsRecord",
                { ...RECORD, includeShadowMetadata: true },
                /has no input "include/,
            ],
            ["a missing input", "DnsRecord", { zoneId: ZONE, name: "x", type: "A" }, /Missing required property 'ttl'/],
            ["a text for a number", "DnsRecord", { ...RECORD, ttl: "1" }, /ttl must be a number/],
            [
                "content in addition to data",
                "DnsRecord",
                { ...RECORD, data: { value: "x" } },
                /Only one of content and data/,
            ],
            [
                "a nested input that is unsupported",
                "ZeroTrustAccessPolicy",
                { accountId: ACCOUNT, name: "p", decision: "allow", includes: [{ okta: {} }] },
                /has no input "includes\[0\]\.okta"/,
            ],
            [
                "an unknown decision",
                "ZeroTrustAccessPolicy",
                { accountId: ACCOUNT, name: "p", decision: "maybe" },
                /must be one of: \["allow" "deny" "non_identity" "bypass"\], got: "maybe"/,
            ],
            [
                "a version without a date",
                "ZeroTrustAccessServiceToken",
                { ...SERVICE_TOKEN, clientSecretVersion: 2 },
                /"previous_client_secret_expires_at" must be specified when "client_secret_version" is specified/,
            ],
            [
                "both an account and a zone",
                "ZeroTrustAccessServiceToken",
                { ...SERVICE_TOKEN, zoneId: ZONE },
                /Exactly one of accountId, zoneId/,
            ],
            [
                "status pending as an input",
                "ZoneDnssec",
                { zoneId: ZONE, status: "pending" },
                /one of: \["active" "disabled"\], got: "pending"/,
            ],
            [
                "an id together with a policy's fields",
                "ZeroTrustAccessApplication",
                { ...APP, policies: [{ id: "p", includes: [] }] },
                /must not have both id and includes/,
            ],
            [
                "a malformed zone id",
                "Ruleset",
                { zoneId: "x", name: "n", kind: "zone", phase: "http_ratelimit" },
                /zoneId must match/,
            ],
        ];
        for (const [why, type, inputs, reason] of refused) {
            it(`${type}: ${why}`, async () => {
                const found = await problems(type, inputs);
                assert.equal(found.length, 1, found.join("; "));
                assert.match(found[0], reason);
            });
        }

        it("the resource RateLimit, in every call", async () => {
            const said = /unsupported by the sandbox: .*RateLimit\. The sandbox's cloudflare provider has/;
            await assert.rejects(problems("RateLimit", {}), said);
            await assert.rejects(api.provider.create("RateLimit", {}), said);
            await assert.rejects(api.provider.read("RateLimit", "x"), said);
            await assert.rejects(api.provider.delete("RateLimit", "x", {}), said);
        });

        it("functions that are unsupported, by name", async () => {
            await assert.rejects(api.provider.invoke("cloudflare:index/getAccount:getAccount", {}), {
                code: grpc.status.UNIMPLEMENTED,
            });
        });
    });
});
