/**
 * The connector: it keeps four connections to the edge open, applies one set of ingress rules, and shuts down gracefully
 * (cloudflared supervisor/*, orchestration/*).
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Refused } from "../registration/structs";
import { EdgeConnection } from "./connection";
import { parseConfiguration } from "./ingress";
import type { Log } from "./log";
import { Stats } from "./metrics";
import { Proxy, type Resolve } from "./proxy";
import type { TunnelToken } from "./token";
import { CONNECTIONS, type ConfigurationAnswer, type ConfigurationUpdate } from "./wire";

/** Version number that a build can define to look like another version. The behavior stays the same. */
declare const OTHER_VERSION: string | undefined;
export const VERSION = typeof OTHER_VERSION === "string" ? OTHER_VERSION : "2026.8.2";

interface ConnectorOptions {
    token: TunnelToken;
    /** `host:port` of each edge. Connections are distributed over them. */
    edges: string[];
    /** CA certificates that verify the edge, in PEM form. @default the system's certificates */
    ca?: string;
    log: Log;
    /** `--retries`: number of retries for which the backoff doubles. For later retries it stays the same. @default 5 */
    retries?: number;
    /** First backoff, in milliseconds. It doubles with each retry. @default 1000 */
    backoff?: number;
    /** Called when the first connection is registered, to notify systemd. */
    onReady?: () => void;
    /** Resolves names of the cluster in which the connector runs. @default none */
    resolve?: Resolve;
}

export class Connector {
    readonly id = randomUUID();
    readonly stats = new Stats(this.id, VERSION);
    private readonly proxy: Proxy;
    private readonly live = new Map<number, EdgeConnection>();
    private readonly stopping = new AbortController();
    private readonly loops: Promise<void>[] = [];
    private running = 0;
    private whenIdle: (() => void)[] = [];
    private started = false;

    constructor(private readonly options: ConnectorOptions) {
        this.proxy = new Proxy(this.stats, options.log, options.resolve);
    }

    /**
     * Starts one connection, and the other three after its registration. The real cloudflared starts them one per second, the
     * emulator all at once.
     */
    start(): void {
        this.options.log("info", `Generated Connector ID: ${this.id}`);
        this.loops.push(this.keepConnected(0));
    }

    /** @returns whether all requests in progress finished in time */
    async stop(graceMilliseconds: number): Promise<boolean> {
        this.stopping.abort();
        await Promise.all(
            [...this.live].map(async ([index, connection]) => {
                this.stats.connected.delete(index);
                await connection.unregister();
                this.options.log("info", "Unregistered tunnel connection", { connIndex: index });
            }),
        );
        const idle = new Promise<boolean>((resolve) => {
            if (this.running === 0) resolve(true);
            else this.whenIdle.push(() => resolve(true));
        });
        const over = new AbortController();
        const late = sleep(graceMilliseconds, false, { signal: over.signal }).catch(() => false);
        const finished = await Promise.race([idle, late]);
        over.abort();
        for (const connection of this.live.values()) {
            if (finished) connection.finish();
            else connection.end();
        }
        await Promise.all(this.loops);
        this.proxy.close();
        return finished;
    }

    /** Closes all connections and aborts their requests, as killing the process would. */
    async kill(): Promise<void> {
        this.stopping.abort();
        for (const connection of this.live.values()) connection.end();
        await Promise.all(this.loops);
        this.proxy.close();
    }

    private async keepConnected(index: number): Promise<void> {
        const { log, retries = 5, backoff = 1000 } = this.options;
        for (let tries = 0; !this.stopping.signal.aborted;) {
            const connection = new EdgeConnection(this.connectionParts(index));
            this.live.set(index, connection);
            this.stats.haConnections++;
            try {
                const { location, connectionId } = await connection.register();
                tries = 0;
                this.connected(index, location, connectionId);
                await connection.closed;
                if (!this.stopping.signal.aborted) log("info", "Lost connection with the edge", { connIndex: index });
            } catch (error) {
                const message =
                    error instanceof Refused
                        ? "Register tunnel error from server side"
                        : "Unable to establish connection with Cloudflare edge";
                if (!this.stopping.signal.aborted)
                    log("error", message, { error: (error as Error).message, connIndex: index, event: 0 });
            }
            connection.end();
            this.live.delete(index);
            this.stats.haConnections--;
            this.stats.connected.delete(index);
            if (this.stopping.signal.aborted) return;
            tries = Math.min(tries + 1, Math.max(retries, 1));
            const longest = backoff * 2 ** tries;
            log("info", `Retrying connection in up to ${longest / 1000}s`, { connIndex: index, event: 0 });
            await sleep(Math.random() * longest, undefined, { signal: this.stopping.signal }).catch(() => undefined);
        }
    }

    private connected(index: number, location: string, connection: string): void {
        const { log, onReady } = this.options;
        this.stats.connect(index, location);
        log("info", "Registered tunnel connection", {
            connIndex: index,
            connection,
            event: 0,
            ip: this.edge(index).host,
            location,
            protocol: "http2",
        });
        if (this.started) return;
        this.started = true;
        for (let other = 1; other < CONNECTIONS; other++) this.loops.push(this.keepConnected(other));
        onReady?.();
    }

    private edge(index: number): { host: string; port: number } {
        const [host, port] = this.options.edges[index % this.options.edges.length].split(/:(?=\d+$)/);
        return { host, port: Number(port) };
    }

    private connectionParts(index: number) {
        return {
            index,
            edge: this.edge(index),
            ca: this.options.ca,
            token: this.options.token,
            connectorId: this.id,
            version: VERSION,
            configure: (update: ConfigurationUpdate) => this.configure(update),
            serve: async (...request: Parameters<Proxy["handle"]>) => {
                this.running++;
                await this.proxy.handle(...request);
                if (--this.running === 0) for (const tell of this.whenIdle.splice(0)) tell();
            },
        };
    }

    /**
     * Applies a configuration from the edge if it is newer than the current configuration. An invalid configuration leaves
     * the rules unchanged (orchestration/orchestrator.go).
     */
    private configure({ version, config, certsUrl }: ConfigurationUpdate): ConfigurationAnswer {
        const { log } = this.options;
        if (version <= this.stats.configVersion) return { lastAppliedVersion: this.stats.configVersion, err: "" };
        try {
            this.proxy.use(parseConfiguration(config), certsUrl);
        } catch (error) {
            const err = (error as Error).message;
            log("error", "Failed to update configuration", { error: err, version });
            return { lastAppliedVersion: this.stats.configVersion, err };
        }
        this.stats.configVersion = version;
        log("info", "Updated to new configuration", { config: JSON.stringify(config), version });
        return { lastAppliedVersion: version, err: "" };
    }
}
