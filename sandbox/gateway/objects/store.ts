/**
 * The objects that the data plane derives from the configuration, and the state of the gateway's process. A write changes
 * these objects at once.
 */
import { Balancer } from "../upstream/balancer";
import type { Configuration } from "./configuration";
import { Counters } from "../counters/counters";
import { SharedCounters, type Resolve } from "../counters/shared-counters";
import { bytes } from "../http/headers";
import { compileExpr } from "../lua/expr";
import { entriesOf, handlersOf, isAuth } from "./entries";
import { upstreamOf } from "../upstream/upstream";
import { Metrics } from "../observed/metrics";
import { Router } from "./router";
import type { PluginTools } from "../plugins/plugin";
import type { AuthConsumer, Conf, Entry, Route, Timeout } from "../request/types";

const idOf = (key: string) => key.slice(key.lastIndexOf("/") + 1);
/** Key of the consumer to which a credential belongs; for a consumer, its own key. */
const ownerOf = (key: string) => key.split("/", 3).join("/");

interface StoreOptions {
    /** Port in redirects to HTTPS. */
    httpsPort?: number;
    /** Duration of one second of a health check interval, in real seconds. @default 1 */
    secondLasts?: number;
    /** Upper bounds of the latency histogram, in milliseconds. */
    buckets?: number[];
    /** Variables for `$env://` in the configuration of plugins. @default those of this process */
    env?: Record<string, string | undefined>;
}

export class Store {
    readonly shared: SharedCounters;
    readonly metrics: Metrics;
    readonly tools: PluginTools;
    private made?: { revision: number; router: Router };
    private credentials = new Map<string, AuthConsumer>();
    /** Cache of `cached()`: values derived from objects, by the object's key and the name of the value. */
    private built = new Map<string, { index: number; value: unknown }>();
    /** Balancers by the key of the object that has the upstream. */
    private readonly balancers = new Map<string, Balancer>();

    constructor(
        readonly config: Configuration,
        readonly resolve: Resolve,
        private readonly log: (line: string) => void,
        private readonly options: StoreOptions = {},
    ) {
        this.shared = new SharedCounters(resolve);
        this.metrics = new Metrics(options.buckets);
        this.tools = {
            findConsumer: (plugin, key) => this.credentials.get(`${plugin}\0${key}`),
            counters: new Counters(),
            shared: this.shared,
            metrics: this.metrics,
            env: options.env ?? process.env,
            metadata: (plugin) => this.config.objects.get(`/plugin_metadata/${plugin}`)?.value,
            httpsPort: options.httpsPort,
            instantiate: (name, conf, parentKey) => handlersOf(name, conf, parentKey, this.tools),
            log,
        };
    }

    router(): Router {
        const { revision } = this.config;
        if (this.made?.revision !== revision) this.made = { revision, router: this.build() };
        return this.made.router;
    }

    /**
     * The current data of etcd. The Admin API reads and writes it. Requests use `config`, which is the copy in this
     * gateway's memory.
     */
    get etcd(): Configuration {
        return this.config.current();
    }

    /** Keys of the consumers and credentials that have this key, so that duplicates can be rejected. */
    holdersOf(plugin: string, value: unknown): string[] {
        const keyOf = ({ plugins }: Conf) => (plugins as Record<string, Conf> | undefined)?.[plugin]?.key;
        const consumers = [...this.etcd.objects].filter(([key]) => key.startsWith("/consumers/"));
        return consumers.filter(([, stored]) => keyOf(stored.value) === value).map(([key]) => key);
    }

    balancer(key: string): Balancer {
        const upstream = this.cached(key, "upstream", (conf) => upstreamOf((conf.upstream as Conf) ?? conf))!;
        const before = this.balancers.get(key);
        if (before?.upstream === upstream) return before;
        const balancer = new Balancer(upstream, this.options.secondLasts ?? 1, before, this.log);
        this.balancers.set(key, balancer);
        return balancer;
    }

    close(): Promise<void> {
        for (const balancer of this.balancers.values()) balancer.close();
        return this.shared.close();
    }

    /** Returns the value that `make` derives from an object, and caches it until the object is rewritten. */
    private cached<T>(key: string, part: string, make: (value: Conf) => T): T | undefined {
        const stored = this.config.objects.get(key);
        if (!stored) return undefined;
        const name = `${key}\0${part}`;
        const known = this.built.get(name);
        if (known?.index === stored.modifiedIndex) return known.value as T;
        const value = make(stored.value);
        this.built.set(name, { index: stored.modifiedIndex, value });
        return value;
    }

    /** The plugins of one object; of a consumer without those that authenticate it. */
    private pluginsOf(key: string): Entry[] {
        const made = this.cached(key, "plugins", ({ plugins = {} }) => {
            const ofConsumer = key.startsWith("/consumers/");
            const wanted = Object.entries(plugins as Conf).filter(([name]) => !(ofConsumer && isAuth(name)));
            return entriesOf(Object.fromEntries(wanted), key, this.tools);
        });
        return made ?? [];
    }

    /** Key of the object with the upstream of a route or service: its own, or the one to which it refers. */
    private upstreamKeyOf(key: string): string | undefined {
        const { upstream, upstream_id: id, service_id: service } = this.config.objects.get(key)?.value ?? {};
        if (upstream !== undefined) return key;
        const shared = `/upstreams/${String(id)}`;
        if (id !== undefined) return this.config.objects.has(shared) ? shared : undefined;
        return service === undefined ? undefined : this.upstreamKeyOf(`/services/${String(service)}`);
    }

    private build(): Router {
        const isGone = (key: string) => !this.config.objects.has(key);
        for (const name of this.built.keys()) if (isGone(name.split("\0")[0])) this.built.delete(name);
        for (const [key, balancer] of this.balancers)
            if (isGone(key)) {
                balancer.close();
                this.balancers.delete(key);
            }
        this.buildCredentials();
        return new Router(this.config.list("/routes/").map(([key, { value }]) => this.buildRoute(key, value)));
    }

    private buildRoute(key: string, conf: Conf): Route {
        const serviceId = conf.service_id as string | undefined;
        return {
            id: idOf(key),
            name: conf.name as string | undefined,
            serviceId,
            serviceName: this.config.objects.get(`/services/${serviceId}`)?.value.name as string | undefined,
            uris: ((conf.uris ?? [conf.uri]) as string[]).map(bytes),
            methods: conf.methods as string[] | undefined,
            priority: (conf.priority as number | undefined) ?? 0,
            vars: this.cached(key, "vars", ({ vars = [] }) => compileExpr(vars))!,
            plugins: this.pluginsOf(key),
            upstreamKey: this.upstreamKeyOf(key),
            timeout: conf.timeout as Timeout | undefined,
        };
    }

    /** If several credentials have the same key, the credential that was loaded last decides. */
    private buildCredentials(): void {
        this.credentials = new Map();
        for (const [key, { value }] of this.config.objects) {
            if (!key.startsWith("/consumers/") || !this.config.objects.has(ownerOf(key))) continue;
            const [, , username, credentials] = key.split("/");
            for (const [name, auth] of Object.entries((value.plugins ?? {}) as Record<string, Conf>))
                if (isAuth(name))
                    this.credentials.set(`${name}\0${bytes(String(auth.key))}`, {
                        username,
                        credentialId: credentials === undefined ? undefined : idOf(key),
                        auth,
                        plugins: this.pluginsOf(ownerOf(key)),
                    });
        }
    }
}
