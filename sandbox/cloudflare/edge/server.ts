/**
 * Emulator of Cloudflare's edge, as of autumn 2026, for hostnames of one account that lead to a tunnel. Facts: the
 * documentation of Access, Tunnel, rules and the proxy's limits; each file names its own. The order is the real one:
 * name and certificate, size limits, WAF, browser check and rate limits, Access, Worker, tunnel.
 *
 * Plain HTTP/1.1 on loopback where the real one has TLS: the Host header selects the hostname, and the origin gets
 * `X-Forwarded-Proto: https`. A name without an active certificate gets its connection reset, as TLS would fail.
 * Refused with 501 and the name of what is lacking: records that do not lead to a tunnel, WebSockets, paths below
 * /cdn-cgi/, rule actions, selectors and settings named in the other files. Not there at all: cache, compression,
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
    /** Port for connectors (7844 in reality). @default a free one */
    connectorPort?: number;
    /** Port that emulates `<team>.cloudflareaccess.com`. @default a free one */
    teamDomainPort?: number;
    /** Multiplies the read timeout: 0.008 makes the 125 s one second. @default 1 */
    scale?: number;
    /** Between two pings of a connection, in milliseconds: see connectors.ts. @default 1000 */
    pingMs?: number;
    /** @default generated, which takes part of a second */
    keys?: SigningKeys;
    /** Told each answer, with the name of the service token that Access took. */
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
    /** The same with TLS, under its name. */
    teamDomainTls: { name: string; port: number };
    /** What the team's domain and the connectors' port show by TLS. */
    certificate: Certificate;
    /** The key set of Access, for origins that verify. */
    certsUrl: string;
    /** Signs with a new key from now on; the one before stays listed. */
    rotateKeys(): Promise<void>;
    close(): Promise<void>;
}

/** What connectors must know to find it. */
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
