// Proves that the provider sends what the released provider 6.17.0 sent in recordings of its calls: method, path, query and
// body of each step, where a recording says enough to know the program.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { ACCOUNT, type Api, result, startApi, ZONE } from "./api";
import type { Values } from "../provider-client";

interface Recorded {
    resource: string;
    step: string;
    method: string | null;
    path: string | null;
    query: Record<string, string>;
    requestBody: unknown;
    responseBodyMinimalThatWorked: { result: Values } | null;
}

const shared = process.env.ALPA_AUTH_SHARED ?? path.join(__dirname, "../../../../../../shared");
const file = path.join(shared, "reference/data/recorded/cloudflare-calls.json");

const ID = "c".repeat(32);
const FILLED: Record<string, string> = { account: ACCOUNT, zone: ZONE, id: ID, "32 hex": ID, uuid: ID };
const filled = (text: string) => text.replace(/\{([^{}"]+)\}/g, (whole, name: string) => FILLED[name] ?? whole);
const fill = <T>(value: T): T => JSON.parse(filled(JSON.stringify(value))) as T;

/** A step of a program's life: the recording's name, and the program's inputs from then on. */
type Step = [step: string, inputs: Values];

const A = { zoneId: ZONE, name: "www.example.test", type: "A", ttl: 300 };
const CAA = { zoneId: ZONE, name: "example.test", type: "CAA", ttl: 3600 };
const caa = (value: string) => ({ ...CAA, data: { flags: 0, tag: "issue", value } });
const CNAME = { zoneId: ZONE, name: "api.example.test", type: "CNAME", content: "x.cfargotunnel.com" };
const MX = { zoneId: ZONE, name: "example.test", type: "MX", content: "mx.example.test", ttl: 3600 };
const zone = { name: "example.test", account: { id: ACCOUNT } };
const access = { audTags: ["{64 hex audience}"], teamName: "team", required: true };
const request = { connectTimeout: 10, httpHostHeader: "api.example.test" };
const rules = (service: string, originRequest: Values) => [
    { hostname: "api.example.test", service, originRequest },
    { hostname: "b.example.test", path: "^/v1", service: "http://b.default.svc:80" },
    { service: "http_status:404" },
];
const config = (value: Values) => ({ accountId: ACCOUNT, tunnelId: ID, config: value });
const withAccess = config({ ingresses: rules("http://svc.default.svc:80", { ...request, access }) });
const tunnel = (name: string, more: Values = {}) => ({ accountId: ACCOUNT, name, configSrc: "cloudflare", ...more });
const check = {
    zoneId: ZONE,
    name: "hc",
    address: "api.example.test",
    type: "HTTPS",
    httpConfig: { path: "/healthz", port: 443, expectedCodes: ["200"] },
};
const alert = (name: string) => ({
    accountId: ACCOUNT,
    name,
    alertType: "expiring_service_token_alert",
    mechanisms: { emails: [{ id: "ops@example.test" }] },
});
const setting = (settingId: string, value: unknown) => ({ zoneId: ZONE, settingId, value });
const headers = {
    strict_transport_security: { enabled: true, max_age: 86400, include_subdomains: true, nosniff: true },
};

const CAA_CONTENT = '0 issue "letsencrypt.org"';
const LIVES: [resource: string, ...steps: Step[]][] = [
    [
        "Zone",
        ["create", zone],
        ["refresh", zone],
        ["update paused=true", { ...zone, paused: true }],
        ["update paused removed", { ...zone, vanityNameServers: [] }],
        ["destroy", {}],
    ],
    [
        "DnsRecord",
        ["create A", { ...A, content: "192.0.2.1" }],
        ["refresh A", {}],
        ["update A content and comment", { ...A, content: "192.0.2.9", comment: "hello" }],
        ["update A comment removed", { ...A, content: "192.0.2.1" }],
        ["destroy", {}],
    ],
    [
        "DnsRecord",
        ["create CNAME proxied", { ...CNAME, ttl: 1, proxied: true }],
        ["update CNAME proxied=false", { ...CNAME, ttl: 1 }],
        ["update proxied CNAME to ttl 300", { ...CNAME, ttl: 300, proxied: true }],
    ],
    ["DnsRecord", ["create MX", { ...MX, priority: 10 }], ["update MX priority", { ...MX, priority: 20 }]],
    ["DnsRecord", ["create CAA", caa("letsencrypt.org")], ["refresh CAA", {}], ["update CAA data", caa("pki.goog")]],
    [
        "DnsRecord",
        ["create TXT with name @", { zoneId: ZONE, name: "@", type: "TXT", content: '"v=spf1 -all"', ttl: 1 }],
    ],
    [
        "DnsRecord",
        [
            "create TXT unquoted",
            { zoneId: ZONE, name: "plain.example.test", type: "TXT", content: "unquoted text", ttl: 3600 },
        ],
    ],
    ["DnsRecord", ["create A with relative name", { ...A, name: "rel", content: "192.0.2.1" }]],
    [
        "ZoneSetting",
        ["create ssl", setting("ssl", "strict")],
        ["refresh ssl", {}],
        ["update ssl", setting("ssl", "full")],
        ["destroy", {}],
    ],
    ["ZoneSetting", ["create min_tls_version", setting("min_tls_version", "1.2")]],
    ["ZoneSetting", ["create browser_cache_ttl", setting("browser_cache_ttl", 14400)]],
    ["ZoneSetting", ["create security_header", setting("security_header", headers)]],
    [
        "ZoneDnssec",
        ["create", { zoneId: ZONE, status: "active" }],
        ["refresh", {}],
        ["up after refresh (pending)", { zoneId: ZONE, status: "active" }],
        ["status removed from program", { zoneId: ZONE }],
    ],
    [
        "ZeroTrustTunnelCloudflared",
        ["create", tunnel("t1")],
        ["refresh", {}],
        ["update name", tunnel("t2")],
        ["update tunnelSecret set", tunnel("t2", { tunnelSecret: "{secret}" })],
        ["update tunnelSecret removed and name", tunnel("t1")],
        ["destroy", {}],
    ],
    ["ZeroTrustTunnelCloudflared", ["replace by configSrc, new name", { ...tunnel("t9"), configSrc: "local" }]],
    [
        "ZeroTrustTunnelCloudflaredConfig",
        ["create", withAccess],
        ["refresh", {}],
        [
            "update: access removed, originRequest added",
            config({ ingresses: rules("http://other:80", request), originRequest: { connectTimeout: 5 } }),
        ],
        ["update: access added, originRequest removed", withAccess],
        ["destroy", {}],
    ],
    [
        "Healthcheck",
        ["create", check],
        ["refresh", {}],
        ["update interval", { ...check, interval: 120 }],
        ["destroy", {}],
    ],
    [
        "NotificationPolicy",
        ["create", alert("expiring")],
        ["refresh", {}],
        ["update name", alert("renamed")],
        ["destroy", {}],
    ],
];

/** What a server that answers everything adds to a body; the recordings were made with one. */
const ADDED: Record<string, (body: Values) => Values> = {
    DnsRecord: ({ type, data }) => ({
        tags: [],
        settings: type === "CNAME" ? { flatten_cname: false, ipv4_only: false, ipv6_only: false } : {},
        ...(data ? { content: CAA_CONTENT } : {}),
    }),
};

if (existsSync(file)) {
    const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Recorded[] };
    const recorded = (resource: string, step: string) => {
        const found = cases.filter((item) => item.resource === resource && item.step === step);
        assert.equal(found.length, 1, `one recording of ${resource} ${step}`);
        return fill(found[0]);
    };

    describe("cloudflare provider, against recordings", () => {
        let api: Api;
        before(async () => {
            api = await startApi();
        });
        after(() => api.close());

        /** Does one step, and returns the state after it. */
        async function take(resource: string, step: string, inputs: Values, state: Values): Promise<Values> {
            if (step.startsWith("create") || step.startsWith("replace"))
                return (await api.provider.create(resource, inputs)).state;
            if (step.startsWith("refresh")) return (await api.provider.read(resource, ID, state)).state;
            if (step.startsWith("destroy")) return (await api.provider.delete(resource, ID, state), {});
            return api.provider.update(resource, state, inputs);
        }

        for (const [resource, ...steps] of LIVES) {
            it(`${resource}: ${steps.map(([step]) => step).join(", ")}`, async () => {
                let state: Values = {};
                let last: Values = {};
                const id = resource === "Zone" ? ZONE : ID;
                for (const [step, inputs] of steps) {
                    const call = recorded(resource, step);
                    const refresh = step.startsWith("refresh") && call.responseBodyMinimalThatWorked?.result;
                    const sent = { ...(call.requestBody as Values) };
                    last = { ...last, ...sent, ...ADDED[resource]?.({ ...last, ...sent }), id };
                    api.answer(result(refresh ? { ...last, ...refresh, id } : last));
                    state = await take(resource, step, inputs, state);
                    const expected =
                        call.method === null ? [] : [[call.method, call.path, call.requestBody ?? undefined]];
                    assert.deepEqual(
                        api.calls.map((made) => [made.method, made.path, made.body]),
                        expected,
                        step,
                    );
                }
            });
        }

        it("ZoneDnssec: destroy", async () => {
            const calls = ["destroy (1 of 2)", "destroy (2 of 2)"].map((step) => recorded("ZoneDnssec", step));
            api.answer(result("done"));
            await api.provider.delete("ZoneDnssec", ZONE, { zoneId: ZONE, status: "active" });
            assert.deepEqual(
                api.calls.map(({ method, path: at, body }) => [method, at, body ?? null]),
                calls.map(({ method, path: at, requestBody }) => [method, at, requestBody]),
            );
        });

        it("getZone: a look-up asks twice, and takes nothing but the id from the list", async () => {
            const calls = [1, 2].map((part) => recorded("getZone", `lookup by filter (${part} of 2)`));
            api.answer(...calls.map((call) => ({ body: call.responseBodyMinimalThatWorked })));
            const filter = { name: "lookup.test", account: { id: ACCOUNT } };
            const found = await api.provider.invoke("cloudflare:index/getZone:getZone", { filter });
            assert.deepEqual([found.zoneId, found.id], [ZONE, ZONE]);
            for (const [index, call] of calls.entries()) {
                const url = new URL(api.calls[index].path, api.url);
                assert.equal(url.pathname, call.path);
                assert.deepEqual(Object.fromEntries(url.searchParams), call.query);
            }
        });

        for (const count of ["none", "two"]) {
            it(`getZone: a look-up fails where ${count} are found`, async () => {
                const call = recorded("getZone", `lookup by filter, ${count} found`);
                const list = count === "none" ? [] : [{ id: ZONE }, { id: ID }];
                api.answer(result(list));
                const filter = { name: call.query.name, account: { id: ACCOUNT } };
                await assert.rejects(
                    api.provider.invoke("cloudflare:index/getZone:getZone", { filter }),
                    new RegExp(`${list.length} found: failed to find exactly one result`),
                );
                assert.equal(api.calls.length, 1);
            });
        }

        it("getZeroTrustTunnelCloudflaredToken: read", async () => {
            const call = recorded("getZeroTrustTunnelCloudflaredToken", "read");
            api.answer({ body: call.responseBodyMinimalThatWorked });
            const token = "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken";
            const found = await api.provider.invoke(token, { accountId: ACCOUNT, tunnelId: ID });
            assert.equal(found.token, "{base64 token}");
            assert.equal(api.calls[0].path, call.path);
        });
    });
}
