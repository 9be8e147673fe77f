/**
 * Tunnels: create, rename, read the token, disconnect connectors, soft deletion; and their ingress rules, which are stored
 * exactly as sent, because the provider would report an added field as a difference.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { tokenOf, tunnelStatus, type Tunnel, type TunnelConfiguration } from "../account";
import { parseConfiguration } from "../connector/ingress";
import { ApiError } from "./answer";
import { bodyOf, collection, find, product, without, type Call, type Route } from "./call";

const GROUP = "Cloudflare Tunnel";
const missing: [number, string] = [1003, "Tunnel not found"];
const store = ({ account }: Call) => account.tunnels;

const tunnelBody = z.strictObject({ name: z.string().min(1), config_src: z.literal("cloudflare").optional() });
/** An update may omit fields, and the provider sends `tunnel_secret: null`, which changes nothing. */
const changeBody = tunnelBody.partial();

/** Finds a tunnel that is not deleted: a deleted tunnel can only be read. */
function live(call: Call): Tunnel {
    const tunnel = find(call, { store, missing });
    if (tunnel.deleted_at !== null) throw new ApiError(404, ...missing);
    return tunnel;
}

const tunnels = collection<Tunnel>({
    ...{ path: "accounts/{account}/cfd_tunnel", group: GROUP, kind: "tunnel", update: "PATCH", filters: ["name"] },
    ...{ missing, store },
    make: (call, old) => {
        const { account, body } = call;
        const name = old ? (bodyOf(changeBody, body).name ?? old.name) : bodyOf(tunnelBody, body).name;
        const others = [...account.tunnels.values()].filter(
            ({ id, deleted_at }) => id !== old?.id && deleted_at === null,
        );
        if (others.some((tunnel) => tunnel.name === name))
            throw new ApiError(409, 1013, "You already have a tunnel with this name");
        if (old) return { ...live(call), name };
        return {
            ...{ id: randomUUID(), name, created_at: account.stamp(), deleted_at: null },
            ...{ connections: [], conns_active_at: null, secret: randomBytes(32).toString("base64") },
        };
    },
    show: ({ account }, tunnel) => ({
        ...without(tunnel, "secret", "configuration"),
        ...{ account_tag: account.id, config_src: "cloudflare", remote_config: true, tun_type: "cfd_tunnel" },
        status: tunnelStatus(tunnel),
    }),
    remove: (call) => {
        const tunnel = live(call);
        if (tunnel.connections.length > 0)
            throw new ApiError(400, 1022, "Cannot delete tunnel because it has active connections");
        tunnel.deleted_at = call.account.stamp();
    },
});

const CONFIGURATION = "accounts/{account}/cfd_tunnel/{id}/configurations";
const configurationBody = z.strictObject({
    config: z.strictObject({ ingress: z.array(z.looseObject({ service: z.string() })).min(1) }),
    source: z.literal("cloudflare").optional(),
});

function configuration(call: Call) {
    const { id, configuration: { version, config } = { version: 0, config: null }, created_at } = live(call);
    return {
        result: { account_id: call.account.id, tunnel_id: id, version, config, source: "cloudflare", created_at },
    };
}

const route = product(GROUP);
const CONNECTIONS = "accounts/{account}/cfd_tunnel/{id}/connections";

export const tunnelRoutes: Route[] = [
    ...tunnels,
    // Only an API token with write permission can read the token of a tunnel.
    {
        ...route("GET", "accounts/{account}/cfd_tunnel/{id}/token", (call) => ({
            result: tokenOf(call.account, live(call)),
        })),
        needs: [`${GROUP} Write`],
    },
    route("GET", CONFIGURATION, configuration),
    route("PUT", CONFIGURATION, (call) => {
        const tunnel = live(call);
        bodyOf(configurationBody, call.body);
        const { config } = call.body as TunnelConfiguration;
        try {
            parseConfiguration(config);
        } catch (error) {
            throw new ApiError(400, 1056, `Bad Configuration: ${(error as Error).message}`);
        }
        tunnel.configuration = { version: (tunnel.configuration?.version ?? 0) + 1, config };
        call.account.changed("tunnel", tunnel.id);
        return configuration(call);
    }),
    // Disconnects the connector that the parameter names. Without it, disconnects all connectors.
    route(
        "DELETE",
        CONNECTIONS,
        (call) => {
            const tunnel = live(call);
            const client = call.query.get("client_id") ?? undefined;
            call.account.changed("connections", tunnel.id, client);
            const left = tunnel.connections.filter((c) => client !== undefined && c.client_id !== client);
            call.account.setConnections(tunnel, left);
            return { result: {} };
        },
        ["client_id"],
    ),
];
