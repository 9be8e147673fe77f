import { type Value, type Values } from "../protocol";
import type { Api } from "./http";
import { RESOURCE_TYPES } from "./resources";
import { decodeFields } from "./state";

type Lookup = (api: Api, args: Values) => Promise<Values>;

const ZONE = RESOURCE_TYPES["cloudflare:index/zone:Zone"].fields;

async function get<T>(api: Api, path: string): Promise<T> {
    return (JSON.parse((await api.call("GET", path)).text) as { result: T }).result;
}

/** Finds a zone by its name and account. */
const getZone: Lookup = async (api, { filter, ...others }) => {
    const { name, account, ...more } = (filter ?? {}) as {
        name?: string;
        account?: { id: string };
        [other: string]: Value | undefined;
    };
    const odd = Object.keys({ ...others, ...more });
    if (odd.length > 0 || name === undefined || account === undefined)
        throw new Error(
            `unsupported by the sandbox: getZone with other arguments than a filter of name and account (${odd.join(", ")})`,
        );
    const found = await get<{ id: string }[]>(api, `zones?${new URLSearchParams({ name, "account.id": account.id })}`);
    if (found.length !== 1) throw new Error(`${found.length} found: failed to find exactly one result`);
    const [{ id }] = found;
    return { ...decodeFields(ZONE, await get(api, `zones/${id}`)), id, zoneId: id, filter };
};

/** Reads the token of a tunnel. As in the released provider, it is not marked as a secret: the Pulumi program must do so. */
const getToken: Lookup = async (api, args) => {
    const { accountId, tunnelId } = args as Record<string, string>;
    const token = await get<string>(api, `accounts/${accountId}/cfd_tunnel/${encodeURIComponent(tunnelId)}/token`);
    return { accountId, tunnelId, token };
};

/** The emulated functions, by token. */
export const LOOKUPS: Record<string, Lookup> = {
    "cloudflare:index/getZone:getZone": getZone,
    "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken": getToken,
};
