/**
 * Emulator of Cloudflare's edge, as of autumn 2026, for hostnames of one account that point to a tunnel. Facts: Cloudflare's
 * documentation of Access, Tunnel, rules and limits; each file names its sources.
 *
 * Plain HTTP/1.1 on loopback instead of TLS: the Host header selects the hostname, and the origin gets `X-Forwarded-Proto:
 * https`. For a name without an active certificate, the edge resets the connection: in reality the TLS handshake would fail.
 *
 * Unsupported (501 with the name of the feature): what the other files name. Not emulated, without an error: cache,
 * compression, HTTP/2, redirects to https, the security level.
 */
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Account } from "../account";
import { EDGE_NAME } from "../connector/wire";
import { listen } from "../../processes/listen";
import { createCertificate, type Certificate } from "./certificate";
import { Connectors } from "./connectors";
import { SigningKeys } from "./keys";
import { createEdgeServer } from "./requests";
import { Rules } from "./rules";

export interface EdgeOptions {
    /** Port for callers, on 127.0.0.1; 0 takes a free one. */
    port: number;
    account: Account;
    /** Port for connectors (7844 on the real edge). @default a free one */
    connectorPort?: number;
    /** Factor for the read timeout: 0.008 turns 125 s into one second. @default 1 */
    scale?: number;
    /** @default generates new keys, which takes less than a second */
    keys?: SigningKeys;
    /** Called for each answer. `caller`: name of the service token that Access has accepted; null if there is none. */
    onAnswer?: (answered: { caller: string | null; status: number }) => void;
    /** @default a new one */
    certificate?: Certificate;
    log?: (line: string) => void;
}

export interface Edge {
    port: number;
    url: string;
    connectorPort: number;
    /** Hostname of the team's domain, and the local port of its server with TLS. */
    teamDomainTls: { name: string; port: number };
    /** TLS certificate of the team's domain and of the port to which connectors connect. */
    certificate: Certificate;
    /** URL of the key set of Access, for origins that verify JWTs. */
    certsUrl: string;
    close(): Promise<void>;
}

/** What a connector needs to connect to the edge. */
export type EdgePlace = Pick<Edge, "connectorPort" | "certificate" | "teamDomainTls">;

export async function startEdge(options: EdgeOptions): Promise<Edge> {
    const { account, scale = 1, log = () => {}, onAnswer } = options;
    const keys = options.keys ?? (await SigningKeys.create());
    const name = account.organization.auth_domain;
    const certificate = options.certificate ?? (await createCertificate([name, EDGE_NAME]));
    const plain = await listen(createServer(teamDomain(keys))); // for the connector emulator
    const secure = await listen(createTlsServer(certificate, teamDomain(keys)));
    const certsUrl = `http://127.0.0.1:${plain.port}/cdn-cgi/access/certs`;
    const connectors = new Connectors({ account, certificate, certsUrl, log });
    const connectorPort = await connectors.listen(options.connectorPort ?? 0);
    const server = createEdgeServer({ account, keys, connectors, rules: new Rules(account), scale, log, onAnswer });
    const { port, close } = await listen(server, options.port);
    return {
        ...{ port, url: `http://127.0.0.1:${port}`, connectorPort, certificate, certsUrl },
        teamDomainTls: { name, port: secure.port },
        close: async () => {
            await Promise.all([close(), plain.close(), secure.close(), connectors.close()]);
        },
    };
}

/**
 * The team's domain, `<team>.cloudflareaccess.com`: it serves the key set, and the login page, which has status 200. A client
 * that follows redirects therefore takes the request for a success.
 */
function teamDomain(keys: SigningKeys): RequestListener {
    return ({ url = "/" }, answer) => {
        const path = url.split("?")[0];
        if (path === "/cdn-cgi/access/certs")
            answer.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(keys.published()));
        else if (path.startsWith("/cdn-cgi/access/login/"))
            answer.writeHead(200, { "Content-Type": "text/html" }).end("<!DOCTYPE html>\n<title>Sign in</title>\n");
        else answer.writeHead(501).end(`unsupported by the sandbox: ${path}\n`);
    };
}
