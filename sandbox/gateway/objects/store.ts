/**
 * The objects that the data plane derives from the configuration, and the state of the gateway's process. A write changes
 * these objects at once.
 */
import { createPicker, type Picker } from "../upstream/balancer";
import { PluginChecker, resolveReferences, resolveSecret, type Environment } from "./check";
import type { Configuration, Stored } from "./configuration";
import { Counters } from "../counters/counters";
import { bytes } from "../http/headers";
import { HealthChecks } from "../upstream/health-checks";
import { entriesOf, mergeEntries, routeOf } from "./objects";
import { upstreamOf } from "../upstream/upstream";
import { Metrics } from "../observed/metrics";
import { PLUGINS } from "../plugins/index";
import type { Resolve } from "../counters/redis-connections";
import { Router } from "./router";
import type { LuaMachine } from "../serverless/machine";
import { SharedCounters } from "../counters/shared-counters";
import type { Plugin, PluginTools } from "../plugins/plugin";
import type { AuthConsumer, Conf, Entry, EntryList, Route, Upstream } from "../request/types";

/** The objects that requests use, for one revision of the configuration. */
interface Runtime {
    router: Router;
    globalEntries: Entry[];
}

const idOf = (key: string) => key.slice(key.lastIndexOf("/") + 1);
/** Key of the consumer to which a credential belongs; for a consumer, its own key. */
const ownerOf = (key: string) => key.split("/", 3).join("/");
const isCredential = (key: string) => /^\/consumers\/[^/]+\/credentials\//.test(key);

interface StoreOptions {
    /** Port in redirects to HTTPS. */
    httpsPort?: number;
    /** Duration of one second of a health check interval, in real seconds. Tests set less than 1. @default 1 */
    secondLasts?: number;
    /** Upper bounds of the latency histogram, in milliseconds. @default APISIX's bounds */
    buckets?: number[];
    /** Variables for `$env://` in the configuration of plugins. @default those of this process */
    env?: Environment;
}

export class Store {
    readonly checker: PluginChecker;
    readonly counters = new Counters();
    readonly shared: SharedCounters;
    readonly metrics: Metrics;
    private made?: { revision: number; runtime: Runtime };
    private credentials = new Map<string, AuthConsumer>();
    private anonymous = new Map<string, AuthConsumer>();
    /** Cache of `cached()`: values derived from objects, by the object's key and the name of the value. */
    private built = new Map<string, { index: number; value: unknown }>();
    private pickers = new WeakMap<Upstream, { picker: Picker; version: number }>();
    /** Health checkers by the key of the upstream. */
    private readonly health = new Map<string, { upstream: Upstream; checks: HealthChecks }>();
    private readonly tools: PluginTools;

    constructor(
        readonly config: Configuration,
        readonly lua: LuaMachine,
        readonly resolve: Resolve,
        private readonly log: (line: string) => void,
        private readonly options: StoreOptions = {},
    ) {
        this.checker = new PluginChecker(lua);
        this.shared = new SharedCounters(resolve);
        this.metrics = new Metrics(options.buckets);
        this.tools = {
            findConsumer: (plugin, _, value) => this.credentials.get(`${plugin}\0${value}`),
            anonymousConsumer: (name) => this.anonymous.get(name),
            counters: this.counters,
            shared: this.shared,
            metrics: this.metrics,
            lua,
            metadata: (plugin) => this.config.objects.get(`/plugin_metadata/${plugin}`)?.value,
            httpsPort: () => options.httpsPort,
            instantiate: (name, conf, parentKey) => (PLUGINS.get(name) as Plugin).create(conf, parentKey, this.tools),
            log,
        };
    }

    runtime(): Runtime {
        const { revision } = this.config;
        if (this.made?.revision !== revision) this.made = { revision, runtime: this.build() };
        return this.made.runtime;
    }

    /**
     * The current data of etcd. The Admin API reads and writes it. Requests use `config`, which is the copy in this
     * gateway's memory.
     */
    get etcd(): Configuration {
        return this.config.current();
    }

    /**
     * Returns the owner of the credential with this key, so that duplicates can be rejected. If several credentials have the
     * key, the credential that was loaded last decides.
     */
    findCredential(plugin: string, value: string): Pick<AuthConsumer, "username" | "credentialId"> | undefined {
        const field = PLUGINS.get(plugin)?.auth?.keyField;
        if (field === undefined) return undefined;
        const { objects } = this.etcd;
        let found: string | undefined;
        // This function searches the objects, not `runtime()`: each write calls it, and with many consumers it would be slow
        // to rebuild the runtime for each write.
        for (const [key, { value: conf }] of objects) {
            if (!key.startsWith("/consumers/")) continue;
            const held = (conf.plugins as Record<string, Conf | null> | undefined)?.[plugin]?.[field];
            if (typeof held !== "string" || resolveSecret(held) !== value) continue;
            if (objects.has(ownerOf(key))) found = key;
        }
        if (found === undefined) return undefined;
        return { username: found.split("/")[2], credentialId: isCredential(found) ? idOf(found) : undefined };
    }

    pickerFor(upstream: Upstream): Picker {
        const checks = this.checksOf(upstream);
        const version = checks?.version ?? 0;
        const known = this.pickers.get(upstream);
        if (known?.version === version) return known.picker;
        const picker = createPicker(upstream, checks?.usable());
        this.pickers.set(upstream, { picker, version });
        return picker;
    }

    close(): void {
        for (const { checks } of this.health.values()) checks.stop();
        this.health.clear();
    }

    /**
     * Health checks of an upstream, which start at the first request to it. An upstream with only one node has no health
     * checks.
     */
    private checksOf(upstream: Upstream): HealthChecks | undefined {
        const { key, check, nodes } = upstream;
        if (!check || nodes.length < 2) return undefined;
        const before = this.health.get(key);
        if (before?.upstream === upstream) return before.checks;
        before?.checks.stop();
        const checks = new HealthChecks(nodes, check, this.options.secondLasts ?? 1, before?.checks, this.log);
        this.health.set(key, { upstream, checks });
        return checks;
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

    private upstreamObject(id: string): Upstream | undefined {
        const key = `/upstreams/${id}`;
        return this.cached(key, "upstream", (conf) => upstreamOf(conf, key));
    }

    /** The plugins of one object, with their defaults. `names` also has the disabled plugins. */
    private pluginsOf(key: string): EntryList {
        const made = this.cached(key, "plugins", (conf) => {
            const plugins = this.withDefaults(conf.plugins, key.startsWith("/consumers/") ? "consumer" : "route");
            const resolved = resolveReferences(plugins, this.options.env ?? process.env);
            return { entries: entriesOf(resolved, key, this.tools), names: Object.keys(plugins) };
        });
        return made ?? { entries: [], names: [] };
    }

    /** Copies plugins and fills in defaults: stored objects are as the client sent them. */
    private withDefaults(plugins: unknown, kind: "consumer" | "route"): Conf {
        const copy = structuredClone((plugins ?? {}) as Conf);
        for (const [name, conf] of Object.entries(copy)) this.checker.checkPlugin(name, conf, kind);
        return copy;
    }

    /** The upstream of an object. It is inline in the object, or the object refers to it by id. */
    private ownUpstream(key: string): Upstream | "missing" | undefined {
        const conf = this.config.objects.get(key)?.value;
        if (conf?.upstream !== undefined)
            return this.cached(key, "upstream", (c) => upstreamOf(c.upstream as Conf, key));
        if (conf?.upstream_id !== undefined)
            return this.upstreamObject(String(conf.upstream_id as string)) ?? "missing";
        return undefined;
    }

    private build(): Runtime {
        for (const name of this.built.keys())
            if (!this.config.objects.has(name.split("\0")[0])) this.built.delete(name);
        for (const [key, { checks }] of this.health)
            if (!this.config.objects.has(key)) {
                checks.stop();
                this.health.delete(key);
            }
        this.buildConsumers();
        const routes = this.config
            .list("/routes/")
            .flatMap(([key, { value }]) => (value.status === 0 ? [] : [this.buildRoute(key)]));
        const global = mergeEntries(...this.config.list("/global_rules/").map(([key]) => this.pluginsOf(key)));
        return { router: new Router(routes), globalEntries: global };
    }

    private buildRoute(key: string): Route {
        const conf = (this.config.objects.get(key) as Stored).value;
        const route = routeOf(idOf(key), conf);
        const parts = [this.pluginsOf(key)];
        route.upstream = this.ownUpstream(key);

        if (conf.plugin_config_id !== undefined) {
            const configKey = `/plugin_configs/${String(conf.plugin_config_id as string)}`;
            parts.unshift(this.pluginsOf(configKey));
            if (!this.config.objects.has(configKey)) route.broken = 503;
        }
        if (route.serviceId !== undefined) {
            const serviceKey = `/services/${route.serviceId}`;
            const service = this.config.objects.get(serviceKey)?.value;
            if (!service) route.broken ??= 404;
            route.serviceName = service?.name as string | undefined;
            route.upstream ??= this.ownUpstream(serviceKey);
            if (route.hosts.length === 0)
                route.hosts = ((service?.hosts ?? []) as string[]).map((h) => h.toLowerCase());
            parts.unshift(this.pluginsOf(serviceKey));
        }
        route.plugins = mergeEntries(...parts);
        return route;
    }

    private buildConsumers(): void {
        this.credentials = new Map();
        this.anonymous = new Map();
        for (const key of this.config.objects.keys()) {
            if (!key.startsWith("/consumers/")) continue;
            const username = key.split("/")[2];
            const owner = this.config.objects.get(ownerOf(key))?.value;
            if (!owner) continue;
            const base: AuthConsumer = {
                username,
                customId: ((owner.labels ?? {}) as Record<string, string>).custom_id,
                auth: {},
                plugins: this.pluginsOf(`/consumers/${username}`),
            };
            if (isCredential(key)) base.credentialId = idOf(key);
            // A consumer that is used as the anonymous consumer has no custom id, even if its label sets one.
            else this.anonymous.set(username, { ...base, customId: undefined });
            this.addCredentials(base, key);
        }
    }

    private addCredentials(base: AuthConsumer, key: string): void {
        const plugins = this.cached(key, "credentials", (conf) => this.withDefaults(conf.plugins, "consumer"));
        for (const [name, conf] of Object.entries(plugins ?? {})) {
            const keyField = PLUGINS.get(name)?.auth?.keyField;
            if (keyField === undefined) continue;
            const auth = Object.fromEntries(
                Object.entries(conf as Conf).map(([k, v]) => [k, typeof v === "string" ? resolveSecret(v) : v]),
            );
            // A credential whose key does not resolve is ignored.
            if (typeof auth[keyField] !== "string") continue;
            this.credentials.set(`${name}\0${bytes(auth[keyField])}`, { ...base, auth });
        }
    }
}
