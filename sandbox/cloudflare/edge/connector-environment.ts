/** Variables of hidden flags that replace a connector's DNS lookup of the edge and the system's certificates. */
import type { EdgePlace } from "./server";
import { CONNECTIONS } from "../connector/wire";

export function edgeVariables({ connectorPort }: EdgePlace, certificateFile: string): Record<string, string> {
    // The real one opens at most one connection per address.
    const edges = Array<string>(CONNECTIONS).fill(`127.0.0.1:${connectorPort}`);
    return { TUNNEL_EDGE: edges.join(), TUNNEL_CACERT: certificateFile };
}
