/**
 * Emulator of Apache APISIX 3.18.0 (one worker, traditional mode with etcd): its data plane, and the part of its Admin API that
 * the ingress controller and this project's commands use.
 *
 * Facts: the plugin and ingress reference pages, and recorded answers of a running 3.18.0. It emulates what this project
 * configures, and what callers can send to that. Who may pass, which headers and bodies reach the server, and when a change takes
 * effect are exact. Anything else is refused by name, with 501, or with 400 for another value of a known field: other plugins,
 * fields, variables and functions; retries, routes by host, websockets, TLS to upstreams, HTTP/2; in the Admin API all methods but
 * GET, PUT and DELETE.
 *
 * Known differences: messages about an invalid configuration; re-encoded JSON keeps the order of its fields, while APISIX uses the
 * unstable order of a Lua table (core/json.lua), and forms of equal numbers differ; on which node chash puts a consumer; groups of
 * limit-count are not compared; idle connections to upstreams are kept for 2 s, not 60; the objects are in memory instead of an
 * etcd, and keys in answers of the Admin API are neither encrypted nor shown after a write.
 */
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Server as TlsServer } from "node:tls";
import { createAdminServer } from "./admin/server";
import { Configuration } from "./objects/configuration";
import { createDataServer } from "./data-plane/server";
import { AccessLog, type AccessLogSettings } from "./observed/access-log";
import { createMetricsServer, type MetricsOptions } from "./observed/metrics";
import { createAgent } from "./upstream/proxy";
import type { Resolve } from "./counters/shared-counters";
import { startLua } from "./serverless/machine";
import { Store } from "./objects/store";
import { listen } from "../processes/listen";
import { createTlsServer, type TlsOptions } from "./data-plane/tls";
import { APISIX_VERSION } from "./version";

export interface GatewayOptions {
    /** Port of the data plane; 0: any free one. */
    port: number;
    /** Port of the Admin API; 0: any free one. */
    adminPort: number;
    /** Admin API key with all permissions. */
    adminKey: string;
    /** Admin API key with read permission. @default none */
    viewerKey?: string;
    /**
     * The objects that the Admin API writes and requests use. @default a new empty configuration that no other gateway uses
     */
    configuration?: Configuration;
    /** The gateway's password for etcd. @default no user */
    etcdPassword?: string;
    /** Environment variables of the gateway, for `$env://` in the configuration of plugins. @default those of this process */
    env?: Record<string, string>;
    /** Resolves names and addresses of the cluster for plugins and upstreams. @default none */
    resolve?: Resolve;
    /** TLS port and its settings. @default no TLS */
    tls?: TlsOptions;
    /** Access log. @default requests are not logged */
    accessLog?: AccessLogSettings & { write(line: string): void };
    /** Called at the end of each request. A caller that disconnected before its answer has status 499, as in nginx's log. */
    onAnswer?: (answered: { caller: string | null; status: number; check?: boolean }) => void;
    /** Export server of the metrics. @default metrics are counted, but not served */
    metrics?: MetricsOptions;
    /** Port in redirects to HTTPS (plugin_attr.redirect.https_port). @default the port of `tls` */
    httpsPort?: number;
    /**
     * Duration of one second of a health check interval, in real seconds. Tests set less than 1.
     * @default 1
     */
    secondLasts?: number;
    /** Writes a log line. @default no output */
    log?: (line: string) => void;
}

export interface Gateway {
    port: number;
    adminPort: number;
    /** Port for TLS, if served. */
    tlsPort?: number;
    /** Port for metrics, if served. */
    metricsPort?: number;
    /** Returns the output of the gateway so far. Unset if the output is not kept. */
    output?: () => string;
    /**
     * Accepts no more connections, and closes each open one when its answer is complete.
     * @param graceSeconds time after which requests in progress are aborted; Infinity: never. @default 0
     */
    close(graceSeconds?: number): Promise<void>;
    /** Closes all connections at once, as a kill of the process does. */
    kill(): Promise<void>;
}

/** Listens on 127.0.0.1 only. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
    const log = options.log ?? (() => undefined);
    const configuration = options.configuration ?? new Configuration();
    configuration.hasFolders = true;
    await startLua();
    const store = new Store(configuration, options.resolve ?? (() => undefined), log, {
        httpsPort: options.httpsPort ?? options.tls?.port,
        secondLasts: options.secondLasts,
        buckets: options.metrics?.buckets,
        env: options.env,
    });
    const agent = createAgent();
    const accessLog = options.accessLog && new AccessLog(options.accessLog, options.accessLog.write);
    const data = createDataServer({ store, agent, accessLog, onAnswer: options.onAnswer, log });
    const metrics =
        options.metrics &&
        createMetricsServer(() => store.metrics.text(store.etcd.hasQuorum), {
            ...options.metrics,
            secondLasts: options.secondLasts,
        });
    const keys = { admin: options.adminKey, viewer: options.viewerKey };
    const admin = createAdminServer(store, keys, options.etcdPassword, log);
    const tls = options.tls && createTlsServer(data, store.config, options.tls.protocols);

    const closers = await openAll([
        [data, options.port],
        [admin, options.adminPort],
        ...(tls && options.tls ? [[tls, options.tls.port] as const] : []),
        ...(metrics && options.metrics ? [[metrics, options.metrics.port] as const] : []),
    ]).catch((error: Error) => {
        agent.destroy();
        throw error;
    });
    let over: Promise<void> | undefined;
    const end = async (graceSeconds: number) => {
        await Promise.all(closers.map((close) => close(graceSeconds)));
        over ??= (async () => {
            agent.destroy();
            await store.close();
        })();
        await over;
    };
    const portOf = (server: Listener) => (server.address() as AddressInfo).port;
    log(
        `gateway: APISIX ${APISIX_VERSION} emulator, data http://127.0.0.1:${portOf(data)}, admin http://127.0.0.1:${portOf(admin)}`,
    );
    return {
        port: portOf(data),
        adminPort: portOf(admin),
        ...(tls ? { tlsPort: portOf(tls) } : {}),
        ...(metrics ? { metricsPort: portOf(metrics) } : {}),
        close: (graceSeconds = 0) => end(graceSeconds),
        kill: () => end(0),
    };
}

type Listener = Server | TlsServer;

/**
 * Opens all these ports. If a port is taken, it closes the ports that are already open. @returns functions that close the
 * ports
 */
async function openAll(wanted: (readonly [server: Listener, port: number])[]): Promise<ReturnType<typeof closer>[]> {
    const closers: ReturnType<typeof closer>[] = [];
    try {
        for (const [server, port] of wanted) {
            await listen(server, port);
            closers.push(closer(server));
        }
        return closers;
    } catch (error) {
        await Promise.all(closers.map((close) => close(0)));
        throw error;
    }
}

/** Closes a server and its connections, including lingering ones, which Node's closeAllConnections omits. */
function closer(server: Listener): (graceSeconds: number) => Promise<void> {
    const open = new Set<Socket>();
    let closed: Promise<void> | undefined;
    server.on("connection", (socket: Socket) => {
        open.add(socket);
        socket.once("close", () => open.delete(socket));
    });
    // TLS requests are handled by the server of the data port.
    if ("closeIdleConnections" in server)
        server.on("request", (_, answer) => answer.once("close", () => closed && server.closeIdleConnections()));
    const cut = () => open.forEach((socket) => socket.destroy());
    return (graceSeconds) => {
        closed ??= new Promise((resolve) => server.close(() => resolve()));
        if (graceSeconds === 0) cut();
        const timer = graceSeconds === Infinity ? undefined : setTimeout(cut, graceSeconds * 1000);
        return closed.finally(() => clearTimeout(timer));
    };
}
