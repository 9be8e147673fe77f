/**
 * Environment variables that set two hidden flags of cloudflared: the addresses of the edge, which cloudflared would
 * otherwise look up in DNS, and the CA file.
 */
import type { EdgePlace } from "./server";
import { CONNECTIONS } from "../connector/wire";

export function edgeVariables({ connectorPort }: EdgePlace, certificateFile: string): Record<string, string> {
    // The real cloudflared opens at most one connection per address, so the address is repeated.
    const edges = Array<string>(CONNECTIONS).fill(`127.0.0.1:${connectorPort}`);
    return { TUNNEL_EDGE: edges.join(), TUNNEL_CACERT: certificateFile };
}
