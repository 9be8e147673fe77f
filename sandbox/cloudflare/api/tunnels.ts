/**
 * Tunnels: create, rename, read the token, disconnect connectors, soft deletion; and their ingress rules, which are stored
 * exactly as sent, because the provider would report an added field as a difference.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { tokenOf, tunnelStatus, type Tunnel, type TunnelConfiguration } from "../account";
import { parseConfiguration } from "../connector/ingress";
import { ApiError, bodyOf, collection, find, product, without, type Call, type Route } from "./call";

const GROUP = "Cloudflare Tunnel";
const missing: [number, string] = [1003, "Tunnel not found"];
const store = ({ account }: Call) => account.tunnels;

/** Finds a tunnel that is not deleted: a deleted tunnel can only be read. */
function live(call: Call): Tunnel {
    const tunnel = find(call, { store, missing });
    if (tunnel.deleted_at !== null) throw new ApiError(404, ...missing);
    return tunnel;
}

const tunnelBody = z.strictObject({ name: z.string().min(1), config_src: z.literal("cloudflare").optional() });

const tunnels = collection<Tunnel>({
    ...{ path: "accounts/{account}/cfd_tunnel", group: GROUP, kind: "tunnel", update: "PATCH", filters: ["name"] },
    ...{ missing, store },
    make: (call, old) => {
        const { account, body } = call;
        const { name } = old ? { ...live(call), ...bodyOf(tunnelBody.partial(), body) } : bodyOf(tunnelBody, body);
        const same = [...account.tunnels.values()].find((one) => one.deleted_at === null && one.name === name);
        if (same && same.id !== old?.id) throw new ApiError(409, 1013, "You already have a tunnel with this name");
        if (old) return { ...old, name };
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

const ONE = "accounts/{account}/cfd_tunnel/{id}";
const configurationBody = z.strictObject({
    config: z.strictObject({ ingress: z.array(z.looseObject({ service: z.string() })).min(1) }),
    source: z.literal("cloudflare").optional(),
});

function configuration(call: Call) {
    const { id: tunnel_id, created_at, configuration: { version, config } = { version: 0, config: null } } = live(call);
    return { result: { account_id: call.account.id, tunnel_id, version, config, source: "cloudflare", created_at } };
}

function configure(call: Call) {
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
}

const route = product(GROUP);

export const tunnelRoutes: Route[] = [
    ...tunnels,
    // Only an API token with write permission can read the token of a tunnel.
    {
        ...route("GET", `${ONE}/token`, (call) => ({ result: tokenOf(call.account, live(call)) })),
        needs: [`${GROUP} Write`],
    },
    route("GET", `${ONE}/configurations`, configuration),
    route("PUT", `${ONE}/configurations`, configure),
    // Disconnects all connectors.
    route("DELETE", `${ONE}/connections`, (call) => {
        const tunnel = live(call);
        call.account.changed("connections", tunnel.id);
        call.account.setConnections(tunnel, []);
        return { result: {} };
    }),
];
