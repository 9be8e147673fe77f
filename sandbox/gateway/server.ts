/**
 * Emulator of Apache APISIX 3.18.0 (one worker, traditional mode with etcd): its data plane and the part of its Admin
 * API that the ingress controller uses.
 *
 * Facts: the plugin and ingress reference pages, and recorded answers of a running 3.18.0; where a recording exists it
 * decides. Nothing here is lenient: schemas, messages, statuses and headers are those of the real program.
 *
 * Unsupported, hence rejected with 501:
 * - plugins that exist in APISIX but are not under plugins/ (exit-transformer, openid-connect, loggers, …): 501 from the
 *   Admin API, with the name; a name APISIX does not know gets its real error, 400 "unknown plugin [x]"
 * - limits shared through a Redis cluster or sentinels, sync_interval, $env:// in redis_password: 501
 * - Lua outside the serverless plugins (script, filter_func, _meta.pre_function), and in them the phases body_filter,
 *   log and before_proxy and all of ngx.* and ctx.* but ngx.status, header, var, exit and ctx.var: 501
 * - websockets, consumer groups, secret managers: 501; a $secret:// reference in a credential is taken and resolves to
 *   nothing, as where APISIX has no such manager
 * - upstreams: schemes other than http, types other than roundrobin and chash, discovery, TLS: 501; of health checks
 *   those by https and the passive ones
 * - Admin API: stream routes, schemas, paging and filters of lists: 501
 *
 * Known differences: HTTP/2 is not served; re-encoded JSON keeps the order of its fields, while APISIX uses the order
 * of a Lua table's hash and calls it unstable (core/json.lua): no program may rely on either; idle connections to
 * upstreams are kept for 2 s, not 60; state is in memory, as the sandbox has its own etcd for Kubernetes.
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
import type { Resolve } from "./counters/redis-connections";
import { LuaMachine } from "./serverless/machine";
import { Certificates } from "./objects/ssl";
import { Store } from "./objects/store";
import { listen } from "../processes/listen";
import { createTlsServer, type TlsOptions } from "./data-plane/tls";

export interface GatewayOptions {
    /** Port of the data plane; 0 = any free one. */
    port: number;
    /** Port of the Admin API; 0 = any free one. */
    adminPort: number;
    /** Key that may do everything in the Admin API. */
    adminKey: string;
    /** Key that may only read. @default none */
    viewerKey?: string;
    /**
     * Addresses and networks whose X-Forwarded-* headers are believed (apisix.trusted_addresses).
     * @default none, as in APISIX
     */
    trustedAddresses?: string[];
    /** What the Admin API writes and requests run on. @default empty, and this gateway's alone */
    configuration?: Configuration;
    /** What etcd is asked with. @default it is asked without a user */
    etcdPassword?: string;
    /** Names and addresses of the cluster's, for plugins and upstreams. @default there are none */
    resolve?: Resolve;
    /** @default TLS is not served */
    tls?: TlsOptions;
    /** @default nothing is logged of requests */
    accessLog?: AccessLogSettings & { write(line: string): void };
    /** Told each request that is over. A caller that left before its answer has status 499, as in nginx's log. */
    onAnswer?: (answered: { caller: string | null; status: number }) => void;
    /** @default metrics are counted, and no port serves them */
    metrics?: MetricsOptions;
    /** Port that redirects to HTTPS name (plugin_attr.redirect.https_port). @default that of TLS */
    httpsPort?: number;
    /**
     * How long a second between two health checks lasts, in seconds.
     * @default 1
     */
    secondLasts?: number;
    /** @default nothing is written */
    log?: (line: string) => void;
}

export interface Gateway {
    port: number;
    adminPort: number;
    /** Port of TLS, where it is served. */
    tlsPort?: number;
    /** Port of the metrics, where they are served. */
    metricsPort?: number;
    /** What the program has written on its output, where that is kept. */
    output?: () => string;
    /**
     * Takes no more connections, and ends each as soon as its answer is complete.
     * @param graceSeconds after which the answers under way are cut; Infinity: never. @default 0
     */
    close(graceSeconds?: number): Promise<void>;
    /** Ends as a killed process does, at once, with every connection. */
    kill(): Promise<void>;
}

/** Both ports are on 127.0.0.1 only. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
    const log = options.log ?? (() => undefined);
    const configuration = options.configuration ?? new Configuration();
    configuration.hasFolders = true;
    const store = new Store(configuration, await LuaMachine.start(), options.resolve ?? (() => undefined), log, {
        httpsPort: options.httpsPort ?? options.tls?.port,
        secondLasts: options.secondLasts,
        buckets: options.metrics?.buckets,
    });
    const agent = createAgent();
    const accessLog = options.accessLog && new AccessLog(options.accessLog, options.accessLog.write);
    const data = createDataServer(
        { store, agent, accessLog, onAnswer: options.onAnswer, log },
        options.trustedAddresses ?? [],
    );
    const metrics =
        options.metrics &&
        createMetricsServer(() => store.metrics.text(store.etcd.hasQuorum), {
            ...options.metrics,
            secondLasts: options.secondLasts,
        });
    const keys = { admin: options.adminKey, viewer: options.viewerKey };
    const admin = createAdminServer(store, keys, options.etcdPassword, log);
    const tls = options.tls && createTlsServer(data, new Certificates(store.config), options.tls.protocols);

    const closers = await openAll([
        [data, options.port],
        [admin, options.adminPort],
        ...(tls && options.tls ? [[tls, options.tls.port] as const] : []),
        ...(metrics && options.metrics ? [[metrics, options.metrics.port] as const] : []),
    ]).catch((error: Error) => {
        agent.destroy();
        store.lua.close();
        throw error;
    });
    let over: Promise<void> | undefined;
    const end = async (graceSeconds: number) => {
        await Promise.all(closers.map((close) => close(graceSeconds)));
        over ??= (async () => {
            agent.destroy();
            store.close();
            await store.shared.close();
            store.lua.close();
        })();
        await over;
    };
    const portOf = (server: Listener) => (server.address() as AddressInfo).port;
    log(
        `gateway: APISIX 3.18.0 emulator, data http://127.0.0.1:${portOf(data)}, admin http://127.0.0.1:${portOf(admin)}`,
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

/** Opens the ports of all of these or, where one is taken, of none. @returns what ends each */
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

/** Node's closeAllConnections leaves out connections that are only lingering; these are ended here as well. */
function closer(server: Listener): (graceSeconds: number) => Promise<void> {
    const open = new Set<Socket>();
    let closed: Promise<void> | undefined;
    server.on("connection", (socket: Socket) => {
        open.add(socket);
        socket.once("close", () => open.delete(socket));
    });
    // Requests by TLS are those of the data port's server.
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
