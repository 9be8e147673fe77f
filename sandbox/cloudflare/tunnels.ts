/** Values derived from a tunnel. */
import type { Tunnel, TunnelConnection } from "./objects";

/** Connections of one connector. */
const CONNECTIONS_PER_CONNECTOR = 4;

/** The token of a tunnel. It changes only with the tunnel's secret. */
export function tokenOf(account: { id: string }, tunnel: Tunnel): string {
    return Buffer.from(JSON.stringify({ a: account.id, t: tunnel.id, s: tunnel.secret })).toString("base64");
}

/** `inactive`: never connected. `down`: was connected. `degraded`: a connector has fewer connections than four. */
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
