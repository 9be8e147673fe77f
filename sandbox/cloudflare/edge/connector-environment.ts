/** What connectors find by DNS in reality, and trust by the certificates of the system: as variables of hidden flags. */
import type { EdgePlace } from "./server";
import { CONNECTIONS } from "../connector/wire";

export function edgeVariables({ connectorPort }: EdgePlace, certificateFile: string): Record<string, string> {
    // The real one makes no more connections than it has addresses.
    const edges = Array<string>(CONNECTIONS).fill(`127.0.0.1:${connectorPort}`);
    return { TUNNEL_EDGE: edges.join(), TUNNEL_CACERT: certificateFile };
}
