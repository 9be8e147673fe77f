/** Computes the token and the status of a tunnel. */
import type { Tunnel, TunnelConnection } from "./objects";

/** Number of connections that a connector has if all of them are established. */
const CONNECTIONS_PER_CONNECTOR = 4;

/** The token of a tunnel. It changes only with the tunnel's secret. */
export function tokenOf(account: { id: string }, tunnel: Tunnel): string {
    return Buffer.from(JSON.stringify({ a: account.id, t: tunnel.id, s: tunnel.secret })).toString("base64");
}

/**
 * `inactive`: the tunnel was never connected; `down`: no connector is connected any more; `degraded`: a connector has fewer
 * than four connections.
 */
export function tunnelStatus(tunnel: Tunnel): "inactive" | "degraded" | "healthy" | "down" {
    if (tunnel.connections.length === 0) return tunnel.conns_active_at === null ? "inactive" : "down";
    const perConnector = new Map<string, TunnelConnection[]>();
    for (const connection of tunnel.connections) {
        const others = perConnector.get(connection.client_id) ?? [];
        perConnector.set(connection.client_id, [...others, connection]);
    }
    const complete = [...perConnector.values()].every((c) => c.length >= CONNECTIONS_PER_CONNECTOR);
    return complete ? "healthy" : "degraded";
}
