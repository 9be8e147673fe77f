/** Routes of tunnels: create, rename, replace the secret, read the token, list and drop connections, and soft deletion. */
import { z } from "zod";
import { tokenOf, tunnelStatus, type Tunnel } from "../account";
import { tunnelSecret, uuid } from "../ids";
import { ApiError, notFound, refused } from "./answer";
import { bodyOf, product, without, type Call, type Route } from "./call";
import { MOST } from "../account-limits";
import { page, PAGING } from "./paging";

const GROUP = "Cloudflare Tunnel";
const tunnels = product(GROUP);
/** Shortest secret, in bytes before base64. */
const LEAST_SECRET_BYTES = 32;

const createBody = z.strictObject({
    name: z.string().min(1),
    config_src: z.enum(["local", "cloudflare"]).default("local"),
    tunnel_secret: z.string().optional(),
});
const changeBody = z.strictObject({ name: z.string().min(1).optional(), tunnel_secret: z.string().optional() });

const LIST = "accounts/{account}/cfd_tunnel";
const ONE = `${LIST}/{tunnel}`;
export const tunnelRoutes: Route[] = [
    tunnels("GET", LIST, "listing existing objects", list, ["name", "is_deleted", "status", "uuid", ...PAGING]),
    tunnels("POST", LIST, "ZeroTrustTunnelCloudflared: create", create),
    tunnels("GET", ONE, "ZeroTrustTunnelCloudflared: read, import", (call) => ({ result: answer(call, find(call)) })),
    tunnels("PATCH", ONE, "ZeroTrustTunnelCloudflared: update", change),
    tunnels("DELETE", ONE, "ZeroTrustTunnelCloudflared: delete", remove),
    // Only an API token with write permission can read the token of a tunnel. Other API tokens get an error that no other
    // route has.
    {
        ...tunnels("GET", `${ONE}/token`, "getZeroTrustTunnelCloudflaredToken", (call) => ({
            result: tokenOf(call.account, findLive(call)),
        })),
        needs: [`${GROUP} Write`],
        refusal: () => new ApiError(401, { code: 1001, message: "Unauthorized to access the token of a tunnel" }),
    },
    tunnels("GET", `${ONE}/connections`, "listing connectors", (call) => ({ result: clients(findLive(call)) })),
    tunnels("DELETE", `${ONE}/connections`, "disconnecting connectors", dropConnections, ["client_id"]),
];

function find({ account, params }: Call): Tunnel {
    const tunnel = account.tunnels.get(params.tunnel);
    if (!tunnel) throw notFound(1003, "Tunnel not found");
    return tunnel;
}
/** Finds a tunnel that is not deleted: a deleted tunnel can only be read. */
export function findLive(call: Call): Tunnel {
    const tunnel = find(call);
    if (tunnel.deleted_at !== null) throw notFound(1003, "Tunnel not found");
    return tunnel;
}

function answer({ account }: Call, tunnel: Tunnel): object {
    return {
        ...without(tunnel, "secret", "configuration"),
        account_tag: account.id,
        connections: tunnel.connections.map((connection) => ({ ...connection, uuid: connection.id })),
        metadata: {},
        remote_config: tunnel.config_src === "cloudflare",
        status: tunnelStatus(tunnel),
        tun_type: "cfd_tunnel",
    };
}

function list(call: Call) {
    const { account, query } = call;
    const deleted = query.get("is_deleted");
    const found = [...account.tunnels.values()].filter(
        (tunnel) =>
            (query.get("name") ?? tunnel.name) === tunnel.name &&
            (query.get("uuid") ?? tunnel.id) === tunnel.id &&
            (query.get("status") ?? tunnelStatus(tunnel)) === tunnelStatus(tunnel) &&
            (deleted === null || deleted === String(tunnel.deleted_at !== null)),
    );
    return page(
        call,
        found.map((tunnel) => answer(call, tunnel)),
        20,
        1000,
    );
}

function checkName(call: Call, name: string, self?: Tunnel): void {
    const taken = [...call.account.tunnels.values()].some(
        (t) => t !== self && t.name === name && t.deleted_at === null,
    );
    if (taken) throw new ApiError(409, { code: 1013, message: "You already have a tunnel with this name" });
}
function checkSecret(secret: string): string {
    const bytes = Buffer.from(secret, "base64");
    if (bytes.length < LEAST_SECRET_BYTES || bytes.toString("base64") !== secret)
        throw refused(1005, `tunnel_secret: must be base64 of at least ${LEAST_SECRET_BYTES} bytes.`);
    return secret;
}

function create(call: Call) {
    const { account } = call;
    const body = bodyOf(call, createBody, 1005);
    checkName(call, body.name);
    const live = [...account.tunnels.values()].filter((t) => t.deleted_at === null);
    if (live.length >= MOST.tunnels) throw refused(1011, `You may have at most ${MOST.tunnels} tunnels`);
    const tunnel: Tunnel = {
        id: uuid(),
        name: body.name,
        config_src: body.config_src,
        created_at: account.stamp(),
        deleted_at: null,
        connections: [],
        conns_active_at: null,
        conns_inactive_at: null,
        secret: body.tunnel_secret === undefined ? tunnelSecret() : checkSecret(body.tunnel_secret),
    };
    account.tunnels.set(tunnel.id, tunnel);
    account.changed("tunnel", tunnel.id);
    const credentials_file = {
        ...{ AccountTag: account.id, TunnelID: tunnel.id, TunnelName: tunnel.name, TunnelSecret: tunnel.secret },
    };
    return { result: { ...answer(call, tunnel), credentials_file, token: tokenOf(account, tunnel) } };
}

function change(call: Call) {
    const { account } = call;
    const tunnel = findLive(call);
    // The provider sends `tunnel_secret: null` if the Pulumi program sets no secret. Then the secret stays unchanged.
    const body = bodyOf(call, changeBody, 1005);
    if (body.name !== undefined) checkName(call, body.name, tunnel);
    if (body.tunnel_secret !== undefined) tunnel.secret = checkSecret(body.tunnel_secret);
    tunnel.name = body.name ?? tunnel.name;
    account.changed("tunnel", tunnel.id);
    return { result: answer(call, tunnel) };
}

function remove(call: Call) {
    const { account } = call;
    const tunnel = findLive(call);
    if (tunnel.connections.length > 0) throw refused(1022, "Cannot delete tunnel because it has active connections");
    tunnel.deleted_at = account.stamp();
    account.changed("tunnel", tunnel.id);
    return { result: answer(call, tunnel) };
}

function clients(tunnel: Tunnel): object[] {
    const ids = [...new Set(tunnel.connections.map((c) => c.client_id))];
    return ids.map((id) => {
        const conns = tunnel.connections.filter((c) => c.client_id === id);
        return { id, version: conns[0].client_version, conns, run_at: conns[0].opened_at };
    });
}

/** Disconnects the connector that the parameter `client_id` names. Without the parameter, disconnects all connectors. */
function dropConnections(call: Call) {
    const tunnel = findLive(call);
    const client = call.query.get("client_id");
    call.account.changed("connections", tunnel.id, client ?? undefined);
    const left = tunnel.connections.filter((c) => client !== null && c.client_id !== client);
    call.account.setConnections(tunnel, left);
    return { result: {} };
}
