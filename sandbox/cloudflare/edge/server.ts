/**
 * Emulator of Cloudflare's edge, as of autumn 2026, for hostnames of one account that point to a tunnel. Facts: Cloudflare's
 * documentation of Access, Tunnel, rules and limits; each file names its sources. The steps have the order of the real edge:
 * name and certificate, size limits, WAF, browser check and rate limits, Access, Worker, tunnel.
 *
 * Plain HTTP/1.1 on loopback instead of TLS: the Host header selects the hostname, and the origin gets `X-Forwarded-Proto:
 * https`. For a name without an active certificate, the edge resets the connection: in reality the TLS handshake would fail.
 *
 * Unsupported (501 with the name of the feature): records that do not point to a tunnel, WebSockets, paths below /cdn-cgi/,
 * rule actions, selectors and settings that the other files name. Not emulated, without an error: cache, compression,
 * HTTP/2, redirects to https, the security level.
 */
import type { Account } from "../account";
import { EDGE_NAME } from "../connector/wire";
import { SigningKeys } from "./access/keys";
import { createTeamDomain } from "./access/team-domain";
import { listen } from "../../processes/listen";
import { createCertificate, type Certificate } from "./certificate";
import { createEdgeServer } from "./requests";
import { Connectors } from "./connectors";
import { Rules } from "./rules/rules";

export interface EdgeOptions {
    /** Port for callers, on 127.0.0.1; 0 takes a free one. */
    port: number;
    account: Account;
    /** Port for connectors (7844 on the real edge). @default a free one */
    connectorPort?: number;
    /** Port that emulates `<team>.cloudflareaccess.com`. @default a free one */
    teamDomainPort?: number;
    /** Factor for the read timeout: 0.008 turns 125 s into one second. @default 1 */
    scale?: number;
    /** Time between two pings of a connection, in milliseconds: see connectors.ts. @default 1000 */
    pingMs?: number;
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
    teamDomainPort: number;
    /** Hostname of the team's domain, and the local port of its server with TLS. */
    teamDomainTls: { name: string; port: number };
    /** TLS certificate of the team's domain and of the port to which connectors connect. */
    certificate: Certificate;
    /** URL of the key set of Access, for origins that verify JWTs. */
    certsUrl: string;
    /** Replaces the key that signs JWTs. The previous key stays in the key set, so that its JWTs remain valid. */
    rotateKeys(): Promise<void>;
    close(): Promise<void>;
}

/** What a connector needs to connect to the edge. */
export type EdgePlace = Pick<Edge, "connectorPort" | "certificate" | "teamDomainTls">;

export async function startEdge(options: EdgeOptions): Promise<Edge> {
    const { account, scale = 1, log = () => {} } = options;
    const keys = options.keys ?? (await SigningKeys.create(() => account.now()));
    const names: [string, string] = [account.organization.auth_domain, EDGE_NAME];
    const certificate = options.certificate ?? (await createCertificate(names));
    const teamDomain = createTeamDomain(keys, certificate);
    const plain = await listen(teamDomain.plain, options.teamDomainPort);
    const secure = await listen(teamDomain.secure);
    const certsUrl = `http://127.0.0.1:${plain.port}/cdn-cgi/access/certs`;
    const connectors = new Connectors({ account, certificate, certsUrl, log, pingMs: options.pingMs });
    const connectorPort = await connectors.listen(options.connectorPort ?? 0);
    const rules = new Rules(account, log);
    const server = createEdgeServer({ account, keys, connectors, rules, scale, log, onAnswer: options.onAnswer });
    const { port, close } = await listen(server, options.port);
    return {
        port,
        url: `http://127.0.0.1:${port}`,
        connectorPort,
        teamDomainPort: plain.port,
        teamDomainTls: { name: account.organization.auth_domain, port: secure.port },
        certificate,
        certsUrl,
        rotateKeys: () => keys.rotate(),
        close: async () => {
            await Promise.all([close(), plain.close(), secure.close(), connectors.close()]);
        },
    };
}
