/**
 * The connector: it keeps four connections to the edge open, applies one set of ingress rules, and shuts down gracefully
 * (cloudflared supervisor/*, orchestration/*).
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Refused } from "../registration/structs";
import type { TunnelToken } from "./arguments";
import { EdgeConnection } from "./connection";
import { parseConfiguration } from "./ingress";
import type { Log } from "./log";
import { Stats } from "./metrics";
import { Proxy, type Resolve } from "./proxy";
import { CONNECTIONS, type ConfigurationUpdate } from "./wire";

/** Version number that a build can define to look like another version. The behavior stays the same. */
declare const OTHER_VERSION: string | undefined;
export const VERSION = typeof OTHER_VERSION === "string" ? OTHER_VERSION : "2026.8.2";

/** Number of retries for which the backoff doubles: default of `--retries`. */
const DOUBLED = 5;

interface ConnectorOptions {
    token: TunnelToken;
    /** `host:port` of each edge. Connections are distributed over them. */
    edges: string[];
    /** CA certificates that verify the edge, in PEM form. @default the system's certificates */
    ca?: string;
    log: Log;
    /** First backoff, in milliseconds. It doubles with each retry. @default 1000 */
    backoff?: number;
    /** Called when the first connection is registered, to notify systemd. */
    onReady?: () => void;
    /** Resolves names of the cluster in which the connector runs. @default none */
    resolve?: Resolve;
}

export class Connector {
    readonly id = randomUUID();
    readonly stats = new Stats(this.id);
    private readonly proxy: Proxy;
    private readonly live = new Map<number, EdgeConnection>();
    private readonly stopping = new AbortController();
    private readonly loops: Promise<void>[] = [];
    private whenIdle: () => void = () => undefined;

    constructor(private readonly options: ConnectorOptions) {
        this.proxy = new Proxy(this.stats, options.log, options.resolve);
    }

    /**
     * Starts one connection, and the other three after its registration. The real cloudflared starts them one per second, the
     * emulator all at once.
     */
    start(): void {
        this.options.log("INF", `Generated Connector ID: ${this.id}`);
        this.loops.push(this.keepConnected(0));
    }

    /** @returns whether all requests in progress finished in time */
    async stop(graceMilliseconds: number): Promise<boolean> {
        this.stopping.abort();
        await Promise.all(
            [...this.live].map(async ([index, connection]) => {
                this.stats.connected.delete(index);
                await connection.unregister();
                this.options.log("INF", `Unregistered tunnel connection connIndex=${index}`);
            }),
        );
        const idle = new Promise<boolean>((resolve) => {
            this.whenIdle = () => resolve(true);
            if (this.stats.concurrentRequests === 0) resolve(true);
        });
        const over = new AbortController();
        const late = sleep(graceMilliseconds, false, { signal: over.signal }).catch(() => false);
        const finished = await Promise.race([idle, late]);
        over.abort();
        for (const connection of this.live.values()) {
            if (finished) connection.finish();
            else connection.end();
        }
        await this.ended();
        return finished;
    }

    /** Closes all connections and aborts their requests, as killing the process would. */
    async kill(): Promise<void> {
        this.stopping.abort();
        for (const connection of this.live.values()) connection.end();
        await this.ended();
    }

    private async ended(): Promise<void> {
        await Promise.all(this.loops);
        this.proxy.close();
    }

    private async keepConnected(index: number): Promise<void> {
        const { log, backoff = 1000 } = this.options;
        const { signal } = this.stopping;
        for (let tries = 0; !signal.aborted;) {
            const connection = new EdgeConnection(this.connectionParts(index));
            this.live.set(index, connection);
            try {
                const { location } = await connection.register();
                tries = 0;
                this.connected(index, location);
                await connection.closed;
                if (!signal.aborted) log("INF", `Lost connection with the edge connIndex=${index}`);
            } catch (error) {
                const refused = "Register tunnel error from server side";
                const what = error instanceof Refused ? refused : "Unable to establish connection with Cloudflare edge";
                if (!signal.aborted) log("ERR", `${what} error="${(error as Error).message}" connIndex=${index}`);
            }
            connection.end();
            this.live.delete(index);
            this.stats.connected.delete(index);
            tries = Math.min(tries + 1, DOUBLED);
            await sleep(Math.random() * backoff * 2 ** tries, undefined, { signal }).catch(() => undefined);
        }
    }

    private connected(index: number, location: string): void {
        this.stats.connect(index, location);
        this.options.log("INF", `Registered tunnel connection connIndex=${index} location=${location} protocol=http2`);
        if (this.loops.length > 1) return;
        for (let other = 1; other < CONNECTIONS; other++) this.loops.push(this.keepConnected(other));
        this.options.onReady?.();
    }

    private connectionParts(index: number) {
        const { edges, ca, token } = this.options;
        const [host, port] = edges[index % edges.length].split(/:(?=\d+$)/);
        return {
            ...{ index, edge: { host, port: Number(port) }, ca, token, connectorId: this.id, version: VERSION },
            configure: (update: ConfigurationUpdate) => this.configure(update),
            serve: async (...request: Parameters<Proxy["handle"]>) => {
                await this.proxy.handle(...request);
                if (this.stats.concurrentRequests === 0) this.whenIdle();
            },
        };
    }

    /** Applies a configuration from the edge if it is newer than the current one. The API has checked its rules. */
    private configure({ version, config, certsUrl }: ConfigurationUpdate): number {
        if (version <= this.stats.configVersion) return this.stats.configVersion;
        this.proxy.use(parseConfiguration(config), certsUrl);
        this.options.log("INF", `Updated to new configuration version=${version}`);
        return (this.stats.configVersion = version);
    }
}
