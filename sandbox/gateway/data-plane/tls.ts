/**
 * The TLS port of the gateway (apisix.ssl of APISIX 3.18.0). After the handshake, requests are handled as on the HTTP port.
 *
 * Emulated: the server name in the handshake (SNI) selects the certificate. Without a name, or if no ssl object has the name,
 * the handshake fails. TLS versions are those of apisix.ssl.ssl_protocols.
 *
 * Unsupported: HTTP/2 and HTTP/3 (only HTTP/1.1 is offered), fallback_sni, stapling, nginx's page for HTTP on this port (the
 * connection is closed instead).
 */
import type { Server } from "node:http";
import { createServer, type SecureVersion, type Server as TlsServer } from "node:tls";
import type { Configuration } from "../objects/configuration";
import { certificateFor } from "../objects/ssl";

export interface TlsOptions {
    /** Port for TLS; 0: any free one. */
    port: number;
    /** apisix.ssl.ssl_protocols, for example `TLSv1.2 TLSv1.3`. */
    protocols: string;
}

const VERSIONS: SecureVersion[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** @param data server of the data port, which handles the decrypted requests @throws Error for unsupported versions */
export function createTlsServer(data: Server, config: Configuration, protocols: string): TlsServer {
    const named = protocols.split(" ").filter((one) => one !== "");
    const unknown = named.find((one) => !VERSIONS.includes(one as SecureVersion));
    if (unknown !== undefined || named.length === 0)
        throw new Error(`ssl_protocols ${JSON.stringify(protocols)}: unsupported by the sandbox`);
    const sorted = VERSIONS.filter((one) => named.includes(one));
    const server = createServer({
        ALPNProtocols: ["http/1.1"],
        minVersion: sorted[0],
        maxVersion: sorted.at(-1),
        SNICallback: (name, done) => {
            try {
                done(null, certificateFor(config, name));
            } catch (error) {
                done(error as Error); // the key does not belong to the certificate
            }
        },
    });
    server.on("secureConnection", (socket) => data.emit("connection", socket));
    // A failed handshake affects only its caller.
    server.on("tlsClientError", () => undefined);
    return server;
}
