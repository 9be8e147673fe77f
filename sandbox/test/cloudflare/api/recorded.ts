/** Reads the recorded provider calls, and prepares an account for each. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hexId, tunnelSecret, uuid } from "../../../cloudflare/ids";
import type { TestApi } from "../kit";

export interface Recorded {
    resource: string;
    step: string;
    method: string;
    path: string;
    query: Record<string, string>;
    requestBody: any;
    responseStatus: number;
    responseBodyMinimalThatWorked: any;
}

/** Cases with a request; empty where the recordings are not available. */
export function recordedCalls(): Recorded[] {
    const shared = process.env.ALPA_AUTH_SHARED ?? join(__dirname, "../../../../../shared");
    const file = join(shared, "reference/data/recorded/cloudflare-calls.json");
    if (!existsSync(file)) return [];
    return (JSON.parse(readFileSync(file, "utf8")).cases as Recorded[]).filter(({ method }) => method !== null);
}

const AUDIENCE = "a".repeat(64);

/** Values for the placeholders of a case. */
export type Known = Record<string, string>;

/** The value with its placeholders filled in. */
export function resolve<T>(value: T, known: Known): T {
    const text = JSON.stringify(value).replace(/\{([a-z0-9 ]+)\}/g, (all, name) => known[name] ?? all);
    return JSON.parse(text) as T;
}

/** Creates the objects that must exist before the call. */
export async function prepare(api: TestApi, recorded: Recorded): Promise<Known> {
    const { resource, step, path } = recorded;
    const name = resource === "getZone" ? "lookup.test" : "example.test";
    const zone = step === "create" && resource === "Zone" ? "" : await api.zone(name);
    if (step === "lookup by filter, two found") {
        const one = api.account.zoneNamed(name);
        if (one) api.account.addZone({ ...one, id: hexId() });
    }
    const before = recorded.responseBodyMinimalThatWorked?.result;
    if (resource === "ZoneSetting" && before?.value)
        await api.patch(`zones/${zone}/settings/ssl`, { value: before.value });
    if (resource === "ZoneDnssec" && step !== "create") {
        await api.patch(`zones/${zone}/dnssec`, { status: "active" });
        if (step === "destroy (2 of 2)") await api.patch(`zones/${zone}/dnssec`, { status: "disabled" });
    }
    if (step.startsWith("replace by configSrc")) await api.post("accounts/{account}/cfd_tunnel", { name: "t1" });
    const known = {
        account: api.account.id,
        zone,
        setting: "ssl",
        secret: tunnelSecret(),
        "64 hex audience": "a".repeat(64),
    };
    if (!path.includes("{id}")) return known;
    return { ...known, id: await made(api, recorded, zone) };
}

/**
 * Creates the object that the call needs, with the values in the recorded request or answer. If there are none, it uses
 * example values.
 * @returns the value of `{id}`
 */
async function made(api: TestApi, { resource, step, ...recorded }: Recorded, zone: string): Promise<string> {
    const tunnel = /Tunnel/.test(resource);
    if (recorded.responseStatus === 404) return tunnel ? uuid() : hexId();
    if (tunnel) {
        const name = recorded.responseBodyMinimalThatWorked?.result?.name ?? "before";
        const { result } = await api.post("accounts/{account}/cfd_tunnel", { name, config_src: "cloudflare" });
        const path = `accounts/{account}/cfd_tunnel/${result.id}`;
        const config = recorded.responseBodyMinimalThatWorked?.result?.config;
        if (config)
            await api.put(`${path}/configurations`, { config: resolve(config, { "64 hex audience": AUDIENCE }) });
        const stored = api.account.tunnels.get(result.id);
        if (stored && step === "destroy with connections") {
            const connection = { id: uuid(), client_id: uuid(), client_version: "2026.8.2", colo_name: "ams01" };
            const now = api.account.stamp();
            const more = { origin_ip: "192.0.2.7", opened_at: now, is_pending_reconnect: false };
            api.account.setConnections(stored, [{ ...connection, ...more }]);
        }
        if (step === "refresh, deleted_at set") await api.delete(path);
        return result.id;
    }
    const shown = recorded.requestBody ?? recorded.responseBodyMinimalThatWorked?.result;
    const made = await api.post(COLLECTIONS[resource][0].replace("{zone}", zone), seed(resource, shown));
    return made.result.id;
}

const COLLECTIONS: Record<string, [path: string, example: object]> = {
    DnsRecord: ["zones/{zone}/dns_records", { name: "old", type: "A", content: "192.0.2.99", ttl: 300 }],
    Healthcheck: ["zones/{zone}/healthchecks", { name: "hc", address: "api.example.test" }],
    NotificationPolicy: [
        "accounts/{account}/alerting/v3/policies",
        { name: "n", alert_type: "tunnel_health_event", mechanisms: { email: [{ id: "ops@example.test" }] } },
    ],
};

/** Returns a body that creates this object. It has no fields that the server generates. */
function seed(resource: string, shown: any): object {
    if (!shown?.name) return COLLECTIONS[resource][1];
    const { id: _, created_on: _1, modified_on: _2, meta: _3, proxiable: _4, ...body } = shown;
    if (body.data) delete body.content;
    if (body.proxied) body.ttl = 1;
    return body;
}

/**
 * Fields whose values were generated when the answers were recorded. Only the types of these values are compared.
 * `message` is one of these fields, because the recordings have two texts for one error.
 */
const MADE_UP = ["digest", "ds", "key_tag", "public_key", "permissions", "message"];
const FORMS: [placeholder: RegExp, form: RegExp][] = [
    [/^\{RFC 3339 time\}$/, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/],
    [/^\{32 hex\}$/, /^[0-9a-f]{32}$/],
    [/^\{uuid\}$/, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
    [/^\{64 hex audience\}$/, /^a{64}$/],
    [/^\{base64 token\}$/, /^[A-Za-z0-9+/]+=*$/],
    [/^\{.*\}$/, /^.+$/],
];

/** Parts of `wanted` that are missing in `got`; `got` may have more. */
export function differences(wanted: any, got: any, at = "body"): string[] {
    if (MADE_UP.some((name) => at.endsWith(`.${name}`))) return typeof wanted === typeof got ? [] : [`${at}: type`];
    const form = typeof wanted === "string" ? FORMS.find(([placeholder]) => placeholder.test(wanted))?.[1] : undefined;
    if (form) return form.test(String(got)) ? [] : [`${at}: ${JSON.stringify(got)} is no ${wanted}`];
    if (typeof wanted !== "object" || wanted === null)
        return wanted === got ? [] : [`${at}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`];
    if (typeof got !== "object" || got === null) return [`${at}: ${JSON.stringify(got)}`];
    if (Array.isArray(wanted) && wanted.length !== got.length)
        return [`${at}: ${got.length} instead of ${wanted.length}`];
    return Object.keys(wanted).flatMap((key) => differences(wanted[key], got[key], `${at}.${key}`));
}
