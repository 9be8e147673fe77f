/**
 * The world of stack cloudflare: an account with an active zone, its edge, and one host with SSH, which is Alpa's head node. A
 * file on the host has the address of the edge, which a real cloudflared finds by DNS. If the zone is at another provider, the
 * world also has name servers.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startAlpa, type Seen } from "../alpa/server";
import { Account } from "../cloudflare/account";
import { startCloudflareApi, type CloudflareApi } from "../cloudflare/api/server";
import { VERSION } from "../cloudflare/connector/connector";
import { buildConnector, type BuiltConnector } from "../cloudflare/connector/build";
import { edgeVariables, startEdge, type Edge, type EdgeOptions } from "../cloudflare/edge/server";
import { startDns, type Dns, type DnsOptions } from "../dns/start";
import { serveDownloads, startHost, type Host, type HostOptions } from "../hosts";
import { describeHolder, freePort, freePortRow, whoHolds } from "../processes";
import type { Toolchain } from "../toolchain/toolchain";
import type { Answered } from "./tally";
import { preparePulumi } from "./pulumi";
import { together } from "./together";
import { partsOfEnvironment, reportParts, type RealParts } from "../real/choice";
import { realVariables, startConnectorProxy } from "../real/cloudflared";
import { apiTokenFile, writeFacts, writePrivate, type HeadNodeFacts, type WorldFacts } from "./state";
import { pulumiOf } from "./world";

export const ZONE = "example.com";
const USER = "ops";

export interface CloudflareWorldOptions {
    tools: Toolchain<"pulumi">;
    stateDir: string;
    /** Port of Alpa, if it is free. @default 20001, as in reality */
    alpaPort?: number;
    /** Duration of one answer of Alpa, in seconds. @default 0 */
    alpaSeconds?: number;
    /** Called with each request to Alpa. */
    onAlpaRequest?: (seen: Seen) => void;
    /** Options of the account, see {@link Account}. */
    account?: ConstructorParameters<typeof Account>[0];
    /** Options of the host, see {@link startHost}. */
    host?: Partial<HostOptions>;
    /**
     * Records of a zone that is still at Azure, and not yet in the Cloudflare account: see {@link startDns}.
     * @default the zone is active at Cloudflare
     */
    dns?: Omit<DnsOptions, "account" | "zone">;
    /** Factor for the edge's read timeout. @default 1 */
    scale?: number;
    /** Called with each answer of the edge. */
    onAnswer?: (answered: Answered) => void;
    /** Parts that are the real program instead of an emulator. @default what ALPA_AUTH_REAL names */
    real?: RealParts;
    log?: (line: string) => void;
}

export interface CloudflareWorld {
    facts: WorldFacts & { cloudflare: HeadNodeFacts };
    account: Account;
    api: CloudflareApi;
    edge: Edge;
    host: Host;
    /** Name servers of the zone; undefined if it is at Cloudflare. */
    dns: Dns | undefined;
    /** Options for additional hosts whose connectors connect to this world's edge. */
    onHosts: Pick<HostOptions, "files" | "notifySockets">;
    /**
     * Makes another version of cloudflared available for download, and returns the values for the key `tunnel` of the
     * config. The program is always the emulator, even if this world runs a real cloudflared.
     */
    nextVersion(version: string): Promise<HeadNodeFacts["cloudflared"]>;
    close(): Promise<void>;
}

/** Starts all parts of the world. If one fails, those that were started are ended. */
export async function startCloudflareWorld(options: CloudflareWorldOptions): Promise<CloudflareWorld> {
    const { tools, stateDir, real = partsOfEnvironment(), log = () => undefined } = options;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    return together(log, async (keep, close) => {
        log("Alpa");
        const port = await alpaPort(options.alpaPort ?? 20001, log);
        const { alpaSeconds: seconds, onAlpaRequest: onRequest } = options;
        const alpa = keep(await startAlpa({ port, seconds, onRequest }));
        log("Cloudflare account, API and edge");
        const token = newApiToken(stateDir);
        const account = new Account({ certificateSeconds: 0, ...options.account });
        const api = keep(await startCloudflareApi({ port: 0, token, account, log }));
        const dns = options.dns && keep(await startDns({ account, zone: ZONE, ...options.dns }));
        if (!dns) await activeZone(account, api, token);
        const edge = keep(await startEdge({ port: 0, account, scale: options.scale, onAnswer: ofEdge(options), log }));
        log("host");
        const { path, version, sha256 } = await cloudflaredOf(real, stateDir);
        const next = join(stateDir, "cloudflared-next");
        const downloads = keep(await serveDownloads({ "/cloudflared": path, "/cloudflared-next": next }));
        const nextVersion = async (version: string) => {
            const { sha256 } = await buildConnector(next, version);
            return { version, sha256, source: `${downloads.url}/cloudflared-next` };
        };
        const proxy = real.cloudflared && keep(await startConnectorProxy(edge));
        const onHosts = outside(edge, proxy?.url);
        const host = keep(await startHost({ name: "head", users: [USER], ...onHosts, stateDir, ...options.host }));
        const privateKeyFile = join(stateDir, "host-key");
        writePrivate(privateKeyFile, host.privateKey);
        const user = options.host?.users?.[0] ?? USER;
        const facts = {
            alpa: `127.0.0.1:${alpa.port}`,
            stackFiles: join(stateDir, "stack-files"),
            bin: join(stateDir, "bin"),
            parts: reportParts(real),
            ...pulumiOf(tools, stateDir, real),
            cloudflare: {
                api: api.url,
                account: account.id,
                teamName: account.organization.name,
                zone: ZONE,
                edge: edge.url,
                host: {
                    ...{ address: `${host.address}:${host.port}`, user, hostKey: host.hostKey, privateKeyFile },
                    metricsPort: await connectorPorts(log),
                },
                cloudflared: { version, sha256, source: `${downloads.url}/cloudflared` },
            },
        };
        preparePulumi(stateDir, facts);
        writeFacts(stateDir, "world", facts);
        return { facts, account, api, edge, host, dns, onHosts, nextVersion, close };
    });
}

/** Creates an API token, and writes it to the file that the Pulumi program reads. */
export function newApiToken(stateDir: string): string {
    const token = randomBytes(30).toString("base64url");
    writePrivate(apiTokenFile(stateDir), token);
    return token;
}

/** Callback that reports answers with `place: "edge"`. */
export function ofEdge({ onAnswer }: Pick<CloudflareWorldOptions, "onAnswer">): EdgeOptions["onAnswer"] {
    return (answered) => onAnswer?.({ place: "edge", ...answered });
}

const CERTIFICATE = "usr/local/share/ca-certificates/cloudflare.crt";

/**
 * Options for a host, so that cloudflared on it finds the edge and the team's domain.
 * @param proxyUrl proxy for a real cloudflared, see {@link startConnectorProxy}. Unset for the emulator, which needs no
 * proxy
 */
export function outside(edge: Edge, proxyUrl?: string): Pick<HostOptions, "files" | "notifySockets"> {
    const { name, port } = edge.teamDomainTls;
    const file = `/${CERTIFICATE}`;
    const variables = proxyUrl === undefined ? edgeVariables(edge, file) : realVariables(edge, file, proxyUrl);
    const lines = Object.entries(variables).map(([variable, value]) => `${variable}=${value}\n`);
    return {
        files: {
            "etc/default/alpa-auth-cloudflared": lines.join(""),
            "root/.curlrc": `connect-to = "${name}:443:127.0.0.1:${port}"\ncacert = "${file}"\n`,
            [CERTIFICATE]: edge.certificate.cert,
        },
        notifySockets: proxyUrl !== undefined,
    };
}

/** The cloudflared that hosts download: the emulator or the real program. */
async function cloudflaredOf(real: RealParts, stateDir: string): Promise<BuiltConnector & { version: string }> {
    const { cloudflared } = real;
    if (!cloudflared) return { ...(await buildConnector(join(stateDir, "cloudflared"))), version: VERSION };
    const path = cloudflared.paths.program;
    return {
        path,
        sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
        version: cloudflared.version,
    };
}

async function alpaPort(wanted: number, log: (line: string) => void): Promise<number> {
    const port = await freePort(wanted);
    if (wanted !== 0 && port !== wanted) log(`${describeHolder(wanted)}; Alpa uses port ${port} instead`);
    return port;
}

/** First of the default ports of a host's connectors. */
const FIRST_CONNECTOR_PORT = 20241;
/** Two connectors, and the one that replaces one of them. */
const CONNECTORS = 3;

async function connectorPorts(log: (line: string) => void): Promise<number> {
    const first = await freePortRow(FIRST_CONNECTOR_PORT, CONNECTORS);
    if (first === FIRST_CONNECTOR_PORT) return first;
    const wanted = Array.from({ length: CONNECTORS }, (_, i) => FIRST_CONNECTOR_PORT + i);
    const taken = wanted.find((port) => whoHolds(port) !== undefined) ?? FIRST_CONNECTOR_PORT;
    log(`${describeHolder(taken)}; the connectors use the ports from ${first} instead`);
    return first;
}

/**
 * Creates a zone that is active at once and has a certificate. It is active because the registrar already delegates to
 * Cloudflare.
 */
export async function activeZone(account: Account, api: CloudflareApi, token: string): Promise<void> {
    account.delegation = (zone) => account.zoneNamed(zone)?.name_servers ?? [];
    const answer = await fetch(`${api.url}/zones`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ name: ZONE, account: { id: account.id }, type: "full" }),
    });
    if (!answer.ok) throw new Error(`zone ${ZONE} could not be created at the emulator (${answer.status}).`);
    account.delegated(account.zoneNamed(ZONE)!);
}
