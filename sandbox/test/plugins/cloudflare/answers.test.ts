// Proves how the provider handles errors and odd answers, as the released provider 6.17.0 does.
import assert from "node:assert/strict";
import { ACCOUNT, type Answer, type Api, result, startApi, ZONE } from "./api";
import type { Values } from "../provider-client";

const ID = "c".repeat(32);
const A = { zoneId: ZONE, name: "www.example.test", type: "A", ttl: 300 };
const CAA = { zoneId: ZONE, name: "example.test", type: "CAA", ttl: 3600 };
const caa = (value: string) => ({ ...CAA, data: { flags: 0, tag: "issue", value } });
const zone = { name: "example.test", account: { id: ACCOUNT } };
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
let api: Api;

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

/** What the provider does with the API's answers, by type of the resource. */
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
    before(async () => {
        api = await startApi();
    });
    after(() => api.close());

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
            });
});
