import { isObject, type Value, type Values } from "../protocol";
import type { Api } from "./http";
import { zone } from "./resources/zone";
import { decode, withoutNone } from "./wire";

type Lookup = (api: Api, args: Values) => Promise<Values>;

/** The outputs of functions that return a zone. */
const OUTPUTS = { object: { ...zone.fields, id: { type: "string", kind: "computed" } as const } };

const outputs = (json: unknown) => decode(OUTPUTS, json) as Values;

function known(args: Values, ...names: string[]): void {
    const odd = Object.keys(args).filter((name) => !names.includes(name));
    if (odd.length > 0) throw new Error(`${odd.join(", ")}: unsupported by the sandbox`);
}

async function list(api: Api, { name, account }: Values): Promise<Value[]> {
    const query = new URLSearchParams();
    if (name !== undefined) query.set("name", String(name));
    if (isObject(account) && account.id !== undefined) query.set("account.id", String(account.id));
    const answer = JSON.parse((await api.call("GET", `zones?${query}`)).text) as { result?: Value };
    return Array.isArray(answer.result) ? answer.result : [];
}

/** Finds a zone by its id, or by a filter that must have exactly one match on the first page. */
const getZone: Lookup = async (api, args) => {
    known(args, "zoneId", "filter");
    let { zoneId } = args;
    if (isObject(args.filter)) {
        known(args.filter, "name", "account");
        const found = await list(api, args.filter);
        if (found.length !== 1) throw new Error(`${found.length} found: failed to find exactly one result`);
        zoneId = (found[0] as { id: string }).id;
    }
    if (typeof zoneId !== "string") throw new Error("missing required zone_id parameter");
    const answer = JSON.parse((await api.call("GET", `zones/${encodeURIComponent(zoneId)}`)).text) as {
        result?: unknown;
    };
    return withoutNone({ ...outputs(answer.result), zoneId, filter: args.filter });
};

/** Reads the token of a tunnel. As in the released provider, it is not marked as a secret: the Pulumi program must do so. */
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
    "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken": getToken,
};
