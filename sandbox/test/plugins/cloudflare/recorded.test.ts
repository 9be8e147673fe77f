// Proves how the provider handles errors and odd answers. Where the recordings of the released provider 6.17.0 exist,
// also proves that it sends the same requests.
// Method, path, query and body are compared for each step for which the recording contains enough of the program.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { ACCOUNT, type Answer, type Api, result, startApi, ZONE } from "./api";
import type { Values } from "../provider-client";

interface Recorded {
    resource: string;
    step: string;
    method: string | null;
    path: string | null;
    query: Record<string, string>;
    requestBody: unknown;
    responseStatus: number | null;
    responseBodyMinimalThatWorked: { result: Values } | null;
}

const shared = process.env.ALPA_AUTH_SHARED ?? path.join(__dirname, "../../../../../shared");
const file = path.join(shared, "reference/data/recorded/cloudflare-calls.json");

const ID = "c".repeat(32);
const FILLED: Record<string, string> = { account: ACCOUNT, zone: ZONE, id: ID, "32 hex": ID, uuid: ID };
const filled = (text: string) => text.replace(/\{([^{}"]+)\}/g, (whole, name: string) => FILLED[name] ?? whole);
const fill = <T>(value: T): T => JSON.parse(filled(JSON.stringify(value))) as T;

/**
 * A step in the life of a program. `step` is the name in the recording. The program has these inputs until a later step
 * changes them.
 */
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

/**
 * Fields that the test adds to a request body to build the answer. A real server and the server of the recordings add
 * them too.
 */
const ADDED: Record<string, (body: Values) => Values> = {
    DnsRecord: ({ type, data }) => ({
        tags: [],
        settings: type === "CNAME" ? { flatten_cname: false, ipv4_only: false, ipv6_only: false } : {},
        ...(data ? { content: CAA_CONTENT } : {}),
    }),
};

const cases: Recorded[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).cases : [];
const replayed = new Set<string>();
const recorded = (resource: string, step: string) => {
    replayed.add(`${resource}: ${step}`);
    const found = cases.filter((item) => item.resource === resource && item.step === step);
    assert.equal(found.length, 1, `one recording of ${resource} ${step}`);
    return fill(found[0]);
};

let api: Api;
const running = () => {
    before(async () => {
        api = await startApi();
    });
    after(() => api.close());
};

const record = { ...A, id: ID, content: "192.0.2.1", proxied: false, tags: [], settings: {} };
const ssl = { ...setting("ssl", "strict"), id: "ssl" };
const secure = { ...tunnel("t1"), id: ID };
const health = { ...check, id: ID };
const CAA_STATE = { ...caa("x"), id: ID };
const D = "DnsRecord";
const T = "ZeroTrustTunnelCloudflared";
const update = (type: string, state: Values, inputs: Values) => () => api.provider.update(type, state, inputs);
const changed = (content: string) => update(D, record, { ...A, content });
const read = (type: string, state: Values) => () => api.provider.read(type, String(state.id), state, state);
const remove = (type: string, state: Values) => () => api.provider.delete(type, String(state.id), state);
const create = (type: string, inputs: Values) => () => api.provider.create(type, inputs);
/** The differences between the refreshed state and these inputs, as Pulumi reports them. */
const refreshed = (type: string, state: Values, inputs: Values) => async () => {
    const found = await api.provider.read(type, String(state.id), state, state);
    return api.provider.diff(type, { ...found.state, ...(state.type ? { type: state.type } : {}) }, inputs);
};

const error = (status: number, code: number): Answer => ({ status, body: { success: false, errors: [{ code }] } });
const noRetry = (status: number, body: unknown = {}): Answer => ({
    status,
    headers: { "x-should-retry": "false" },
    body,
});
const typed = (type: string, more: Answer): Answer => ({ ...more, headers: { "content-type": type } });
const busy = { status: 429, headers: { "retry-after-ms": "1" }, body: {} };
const done = result({ id: ID });
const NO_JSON = { body: "no JSON" };
const accountless = { ...zone, id: ZONE, type: "full", paused: false };
const txt = { zoneId: ZONE, name: "t1.example.test", type: "TXT", ttl: 300 };
const lost = ({ id }: Values) => id === undefined;
const gone = ({ id }: Values) => id === "";

interface Case {
    act: () => Promise<unknown>;
    /** One answer for each request; all later requests get the last answer. */
    answers: Answer[];
    /** The expected error. */
    fails?: RegExp;
    gives?: (given: any) => unknown;
    /** @default 1 */
    requests?: number;
}
const FORBIDDEN = /PUT ".*\/dns_records\/c{32}": 403 Forbidden \{.*"code":10000.*\}: failed to make http request/;
const NOT_JSON = /content-type 'text\/plain' that is not 'application\/json'/;
const saved = ({ id }: Values) => id === ID;

/**
 * What the provider does with the API's answers. The first key is the type of the resource, and the second key is the
 * recorded step.
 */
const ANSWERS: Record<string, Record<string, Case>> = {
    DnsRecord: {
        "error: 403": { act: changed("1.1.1.2"), answers: [error(403, 10000)], fails: FORBIDDEN },
        "error: 409 with x-should-retry false": {
            act: changed("1.1.1.3"),
            answers: [noRetry(409)],
            fails: /409 Conflict/,
        },
        "error: 409 without header": {
            ...{ act: changed("1.1.1.4"), answers: [{ status: 409, body: {} }, done], gives: saved, requests: 2 },
        },
        "error: 429 with Retry-After-Ms 10, three times": {
            ...{ act: changed("1.1.1.6"), answers: [busy, busy, busy, done], gives: saved, requests: 4 },
        },
        "error: 429 with Retry-After-Ms 10, for ever": {
            ...{ act: changed("1.1.1.5"), answers: [busy], fails: /429 Too Many Requests/, requests: 11 },
        },
        "error: 500 with x-should-retry false, body not JSON": {
            ...{
                act: changed("1.1.1.12"),
                answers: [noRetry(500, "no JSON")],
                fails: /500 Internal Server Error : failed/,
            },
        },
        "error: 200 with success false and result null": {
            ...{ act: changed("1.1.1.7"), answers: [{ body: { success: false, result: null } }], gives: lost },
        },
        "error: 200 with a body that is not JSON": { act: changed("1.1.1.13"), answers: [NO_JSON], gives: lost },
        "error: 200 with modified_on as a number": {
            act: changed("1.1.1.10"),
            answers: [result({ id: ID, modified_on: 5 })],
            fails: /unexpected unknown value at modifiedOn/,
        },
        "odd: 200 with computed fields missing": {
            act: changed("1.1.1.8"),
            answers: [result({ id: ID, content: "1.1.1.8" })],
            gives: (state) => state.modifiedOn === undefined && state.content === "1.1.1.8",
        },
        "odd: 200 with Content-Type text/plain on PUT": {
            ...{ act: changed("1.1.1.11"), answers: [typed("text/plain", done)], gives: saved },
        },
        "odd: TXT content answered with or without quotes": {
            act: update(D, { ...record, ...txt, content: '"plain text"' }, { ...txt, content: "plain text" }),
            answers: [done],
            gives: ({ content }) => content === "plain text",
        },
        "error: 404 on refresh": { act: read(D, record), answers: [error(404, 81044)], gives: gone },
        "error: text/plain on delete": {
            ...{ act: remove(D, record), answers: [typed("text/plain", { body: "done" })], fails: NOT_JSON },
        },
        "error: refresh of a CAA record without data": {
            act: refreshed(D, CAA_STATE, caa("x")),
            answers: [done],
            fails: /data is missing in the state.*crashes here/,
        },
        "error: import of an unknown id": {
            ...{
                act: () => api.provider.read(D, `${ZONE}/${ID}`),
                answers: [error(404, 81044)],
                fails: /404 Not Found/,
            },
        },
    },
    Zone: {
        import: {
            act: () => api.provider.read("Zone", ZONE),
            answers: [result({ ...zone, id: ZONE })],
            gives: ({ inputs }) => inputs.name === "example.test" && inputs.account.id === ACCOUNT,
        },
        "error: refresh without account": {
            act: refreshed("Zone", accountless, zone),
            answers: [result({ ...accountless, account: undefined })],
            gives: ({ replaces }) => replaces.includes("account"),
        },
    },
    ZoneSetting: {
        "error: refresh without value": {
            act: refreshed("ZoneSetting", ssl, setting("ssl", "full")),
            answers: [result({ id: "ssl" })],
            fails: /value is missing in the state/,
        },
    },
    ZeroTrustTunnelCloudflared: {
        "replace by configSrc, same name": {
            act: create(T, { ...tunnel("t1"), configSrc: "local" }),
            answers: [noRetry(409)],
            fails: /409 Conflict/,
        },
        "destroy with connections": {
            act: remove(T, secure),
            answers: [error(400, 1022)],
            fails: /400 Bad Request \{.*1022/,
        },
        "refresh, deleted_at set": {
            act: read(T, secure),
            answers: [result({ id: ID, name: "t1", deleted_at: "2026-11-01T00:00:00Z" })],
            gives: ({ id, state }) => id === ID && state.deletedAt === "2026-11-01T00:00:00Z",
        },
        "refresh, 404 on tunnel and configuration": { act: read(T, secure), answers: [{ status: 404 }], gives: gone },
    },
    Healthcheck: {
        "error: 404 on delete": { act: remove("Healthcheck", health), answers: [error(404, 81044)], fails: /404/ },
        "error: 204 on delete": {
            act: remove("Healthcheck", health),
            answers: [typed("", { status: 204, body: "" })],
            fails: /content-type '' that is not/,
        },
    },
    NotificationPolicy: {
        "error: 401": {
            act: create("NotificationPolicy", alert("expiring")),
            answers: [error(401, 1000)],
            fails: /401 Unauthorized \{.*1000/,
        },
    },
};

describe("cloudflare provider: answers of the API", () => {
    running();

    for (const [resource, steps] of Object.entries(ANSWERS))
        for (const [step, { act, answers, fails, gives = () => true, requests = 1 }] of Object.entries(steps))
            it(`handles ${resource}: ${step}`, async () => {
                api.answer(...answers);
                if (fails) await assert.rejects(act(), fails);
                else {
                    const given = await act();
                    assert.ok(gives(given), JSON.stringify(given));
                }
                const tries = api.calls.map(({ headers }) => headers["x-stainless-retry-count"]);
                assert.deepEqual(tries, Object.keys(Array(requests).fill(0)));
                if (cases.length === 0) return;
                const call = recorded(resource, step);
                // The test creates the policy that the recording updates: the body is the same except for the id.
                const method = resource === "NotificationPolicy" ? "POST" : call.method;
                const made = api.calls.map(({ method: sent, body }) => [sent, body ?? null]);
                assert.deepEqual(made, Array(requests).fill([method, call.requestBody]));
            });
});

if (cases.length > 0) {
    describe("cloudflare provider, compared with recordings,", () => {
        running();

        /** Runs one step. @returns the state after it */
        async function take(resource: string, step: string, inputs: Values, state: Values): Promise<Values> {
            if (step.startsWith("create") || step.startsWith("replace"))
                return (await api.provider.create(resource, inputs)).state;
            if (step.startsWith("refresh")) return (await api.provider.read(resource, ID, state)).state;
            if (step.startsWith("destroy")) return (await api.provider.delete(resource, ID, state), {});
            return api.provider.update(resource, state, inputs);
        }

        for (const [resource, ...steps] of LIVES) {
            it(`sends the same for ${resource}: ${steps.map(([step]) => step).join(", ")}`, async () => {
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

        it("sends the same for ZoneDnssec: destroy", async () => {
            const calls = ["destroy (1 of 2)", "destroy (2 of 2)"].map((step) => recorded("ZoneDnssec", step));
            api.answer(result("done"));
            await api.provider.delete("ZoneDnssec", ZONE, { zoneId: ZONE, status: "active" });
            assert.deepEqual(
                api.calls.map(({ method, path: at, body }) => [method, at, body ?? null]),
                calls.map(({ method, path: at, requestBody }) => [method, at, requestBody]),
            );
        });

        it("sends two requests for getZone, and uses only the id from the list", async () => {
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
            it(`fails getZone where ${count} are found`, async () => {
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

        it("sends the same for getZeroTrustTunnelCloudflaredToken: read", async () => {
            const call = recorded("getZeroTrustTunnelCloudflaredToken", "read");
            api.answer({ body: call.responseBodyMinimalThatWorked });
            const token = "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken";
            const found = await api.provider.invoke(token, { accountId: ACCOUNT, tunnelId: ID });
            assert.equal(found.token, "{base64 token}");
            assert.equal(api.calls[0].path, call.path);
        });

        it("replays every recording", () => {
            const all = cases.map(({ resource, step }) => `${resource}: ${step}`);
            assert.deepEqual(
                all.filter((name) => !replayed.has(name)),
                [],
            );
        });
    });
}
