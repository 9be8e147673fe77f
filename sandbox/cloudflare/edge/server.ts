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
import { generate } from "selfsigned";
import type { Account } from "../account";
import { CONNECTIONS, EDGE_NAME } from "../connector/wire";
import { listen } from "../../processes/listen";
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
    log?: (line: string) => void;
}

export interface Edge {
    port: number;
    url: string;
    connectorPort: number;
    /** Hostname of the team's domain, and the local port of its server with TLS. */
    teamDomainTls: { name: string; port: number };
    /** Self-signed TLS certificate, in PEM form, of the team's domain and of the port to which connectors connect. */
    certificate: { cert: string; key: string };
    /** URL of the key set of Access, for origins that verify JWTs. */
    certsUrl: string;
    close(): Promise<void>;
}

/** What a connector needs to connect to the edge. */
export type EdgePlace = Pick<Edge, "connectorPort" | "certificate" | "teamDomainTls">;

export async function startEdge(options: EdgeOptions): Promise<Edge> {
    const { account, scale = 1, log = () => {}, onAnswer, keys = await SigningKeys.create() } = options;
    const name = account.organization.auth_domain;
    const certificate = await createCertificate([name, EDGE_NAME]);
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

/** Environment variables that set two hidden flags of cloudflared: the edge's addresses, instead of those in DNS, and the CA file. */
export function edgeVariables({ connectorPort }: EdgePlace, certificateFile: string): Record<string, string> {
    // The real cloudflared opens at most one connection per address, so the address is repeated.
    const edges = Array<string>(CONNECTIONS).fill(`127.0.0.1:${connectorPort}`);
    return { TUNNEL_EDGE: edges.join(), TUNNEL_CACERT: certificateFile };
}

async function createCertificate(names: string[]): Promise<Edge["certificate"]> {
    const { cert, private: key } = await generate([{ name: "commonName", value: names[0] }], {
        ...{ keyType: "ec", curve: "P-256", algorithm: "sha256" },
        extensions: [{ name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) }],
    });
    return { cert, key };
}

/**
 * The team's domain, `<team>.cloudflareaccess.com`: it serves the key set, and the login page, which has status 200. A client
 * that follows redirects therefore takes the request for a success.
 */
const teamDomain =
    (keys: SigningKeys): RequestListener =>
    ({ url = "/" }, answer) => {
        const path = url.split("?")[0];
        if (path === "/cdn-cgi/access/certs")
            answer.setHeader("Content-Type", "application/json").end(JSON.stringify(keys.published()));
        else if (path.startsWith("/cdn-cgi/access/login/")) answer.end("<!DOCTYPE html>\n<title>Sign in</title>\n");
        else answer.writeHead(501).end(`unsupported by the sandbox: ${path}\n`);
    };
