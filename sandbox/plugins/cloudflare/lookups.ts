import { isObject, type Value, type Values } from "../protocol";
import type { Api } from "./http";
import { zone } from "./resources/zone";
import { decode, withoutNone } from "./wire";

/** Default for the number of results of a list function. */
const MAX_ITEMS = 1000;

type Lookup = (api: Api, args: Values) => Promise<Values>;

/** The outputs of functions that return a zone. */
const OUTPUTS = { object: { ...zone.fields, id: { type: "string", kind: "computed" } as const } };

const outputs = (json: unknown) => decode(OUTPUTS, json) as Values;

/** Query parameters: nested names with dots, lists with repeated keys. */
function query(filter: Values, prefix = ""): [string, string][] {
    return Object.entries(filter).flatMap(([name, value]): [string, string][] => {
        if (value === undefined || value === null) return [];
        const key = prefix + (name === "types" ? "type" : name);
        if (Array.isArray(value)) return value.map((item) => [key, String(item)]);
        return isObject(value) ? query(value, `${key}.`) : [[key, String(value)]];
    });
}

function known(args: Values, ...names: string[]): void {
    const odd = Object.keys(args).filter((name) => !names.includes(name));
    if (odd.length > 0) throw new Error(`${odd.join(", ")}: unsupported by the sandbox`);
}

const FILTERS = ["account", "direction", "match", "name", "order", "status", "types"];

async function list(api: Api, filter: Values, page: number): Promise<Value[]> {
    const parameters = [...query(filter), ...(page > 1 ? [["page", String(page)] as [string, string]] : [])];
    const text = new URLSearchParams(parameters).toString();
    const answer = JSON.parse((await api.call("GET", `zones${text ? `?${text}` : ""}`)).text) as { result?: Value };
    return Array.isArray(answer.result) ? answer.result : [];
}

/** A zone by its id, or by a filter with exactly one match on the first page. */
const getZone: Lookup = async (api, args) => {
    known(args, "zoneId", "filter");
    let { zoneId } = args;
    if (isObject(args.filter)) {
        known(args.filter, ...FILTERS);
        const found = await list(api, args.filter, 1);
        if (found.length !== 1) throw new Error(`${found.length} found: failed to find exactly one result`);
        zoneId = (found[0] as { id: string }).id;
    }
    if (typeof zoneId !== "string") throw new Error("missing required zone_id parameter");
    const answer = JSON.parse((await api.call("GET", `zones/${encodeURIComponent(zoneId)}`)).text) as {
        result?: unknown;
    };
    return withoutNone({ ...outputs(answer.result), zoneId, filter: args.filter });
};

/** All matching zones: pages until one is empty or the limit is reached. */
const getZones: Lookup = async (api, args) => {
    known(args, ...FILTERS, "maxItems");
    const { maxItems, ...filter } = args;
    const most = typeof maxItems === "number" ? maxItems : MAX_ITEMS;
    const results: Values[] = [];
    for (let page = 1; results.length < most; page++) {
        const found = await list(api, filter, page);
        if (found.length === 0) break;
        results.push(...found.map(outputs));
    }
    return withoutNone({ ...args, results: results.slice(0, most) as Value[] });
};

/** The released bridge does not mark this token as a secret: programs must do so. */
const getToken: Lookup = async (api, args) => {
    known(args, "accountId", "tunnelId");
    const { accountId, tunnelId } = args as Record<string, string>;
    const path = `accounts/${encodeURIComponent(accountId)}/cfd_tunnel/${encodeURIComponent(tunnelId)}/token`;
    const { result } = JSON.parse((await api.call("GET", path)).text) as { result?: unknown };
    if (typeof result !== "string") throw new Error(`GET ${path}: the answer has no token`);
    return { accountId, tunnelId, token: result };
};

/** The emulated functions, by token. */
export const LOOKUPS: Record<string, Lookup> = {
    "cloudflare:index/getZone:getZone": getZone,
    "cloudflare:index/getZones:getZones": getZones,
    "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken": getToken,
};
