/**
 * Counters of the plugin prometheus, and its export server. Facts: apisix/plugins/prometheus.lua and prometheus/exporter.lua of
 * 3.18.0: names, help texts, labels and their order; a scraper gets a text that is up to 15 s old.
 *
 * Unsupported: metrics that only ai-proxy counts (llm_latency, llm_active_connections, ai_cache_*); metrics of streams, shared
 * memory (shared_dict_*), health checks (upstream_status) and indexes of etcd (etcd_modify_indexes); the size limit of the
 * shared memory.
 */
import { createServer, type Server } from "node:http";
import { hostname } from "node:os";
import type { Context } from "../request/context";
import type { Conf } from "../request/types";
import { Registry, type Labels } from "./exposition";
import { APISIX_VERSION } from "../version";

export interface MetricsOptions {
    /** Port of the export server; 0: any free one. */
    port: number;
    /** Upper bounds of the latency histogram, in milliseconds. @default none: the product always sets them */
    buckets?: number[];
    /** Maximum age of the text that scrapers get, in seconds (refresh_interval). @default 15 */
    refreshSeconds?: number;
}

const TOKEN_BUCKETS = [
    ...[1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000],
    ...[100_000, 200_000, 500_000, 1_000_000],
];
/** Longest label with the name of a model. */
const MAX_MODEL = 128;
const REFRESH_SECONDS = 15;
const EXPORT_URI = "/apisix/prometheus/metrics";

const LLM_LABELS = [
    ...["route_id", "service_id", "consumer", "node"],
    ...["request_type", "request_llm_model", "llm_model"],
] as const;

/** Labels of each metric, in their order. */
const LABELS = {
    http_status: [
        ...["code", "route", "matched_uri", "matched_host", "service", "consumer", "node"],
        ...["request_type", "request_llm_model", "llm_model", "response_source"],
    ],
    http_latency: ["type", "route", "service", "consumer", "node", "request_type", "request_llm_model", "llm_model"],
    bandwidth: ["type", "route", "service", "consumer", "node", "request_type", "request_llm_model", "llm_model"],
    llm_prompt_tokens: LLM_LABELS,
    llm_completion_tokens: LLM_LABELS,
    llm_prompt_tokens_dist: LLM_LABELS,
    llm_completion_tokens_dist: LLM_LABELS,
} as const;

type Metric = keyof typeof LABELS;

export class Metrics {
    readonly registry = new Registry("apisix_");
    private requests = 0;

    /** @param buckets upper bounds of the latency histogram, in milliseconds. @default none */
    constructor(private readonly buckets: number[] = []) {
        const { registry } = this;
        registry.declare("http_requests_total", "gauge", "The total number of client requests since APISIX started");
        registry.declare("etcd_reachable", "gauge", "Config server etcd reachable from APISIX, 0 is unreachable");
        registry.declare("node_info", "gauge", "Info of APISIX node");
        registry.declare("nginx_metric_errors_total", "counter", "Number of nginx-lua-prometheus errors");
        registry.declare("http_status", "counter", "HTTP status codes per service in APISIX");
        registry.declare("http_latency", "histogram", "HTTP request latency in milliseconds per service in APISIX");
        registry.declare("bandwidth", "counter", "Total bandwidth in bytes consumed per service in APISIX");
        for (const kind of ["prompt", "completion"] as const) {
            registry.declare(`llm_${kind}_tokens`, "counter", `LLM service consumed ${kind} tokens`);
            registry.declare(`llm_${kind}_tokens_dist`, "histogram", `LLM ${kind} tokens distribution per request`);
        }
        registry.set("nginx_metric_errors_total", [], 0);
        const node = { hostname: hostname(), version: APISIX_VERSION };
        registry.set("node_info", Object.entries(node), 1);
    }

    /** Counts a request for http_requests_total, whether or not its route has the plugin. */
    seen(): void {
        this.requests += 1;
    }

    /**
     * Counts a finished request.
     * @param conf the plugin's configuration on the route
     * @param metadata metadata of the plugin, which can set labels to ""
     */
    count(ctx: Context, conf: { prefer_name?: boolean }, metadata: Conf | undefined): void {
        const { route, figures } = ctx;
        if (!route || !figures) return;
        const byName = conf.prefer_name === true;
        const llm = (name: string) => (ctx.variables.get(name) ?? "").slice(0, MAX_MODEL);
        const routeLabel = byName ? (route.name ?? route.id) : route.id;
        const service = byName ? (route.serviceName ?? route.serviceId ?? "") : (route.serviceId ?? "");
        const shared: Record<string, string> = {
            ...{ route: routeLabel, route_id: routeLabel, service, service_id: service },
            consumer: ctx.consumer?.username ?? "",
            node: ctx.node?.host ?? "",
            request_type: llm("request_type"),
            request_llm_model: llm("request_llm_model"),
            llm_model: llm("llm_model"),
        };
        const disabled = (metadata?.disabled_labels ?? {}) as Partial<Record<Metric, string[]>>;
        const labels = (metric: Metric, own: Record<string, string>): Labels =>
            LABELS[metric].map((name) => {
                const value = { ...shared, ...own }[name] ?? "";
                return [name, disabled[metric]?.includes(name) ? "" : value];
            });
        this.registry.add(
            "http_status",
            labels("http_status", {
                code: String(figures.status),
                matched_uri: matchedUri(ctx),
                response_source: sourceOf(ctx),
            }),
            1,
        );
        const request = figures.requestSeconds * 1000;
        const upstream = (figures.upstreamSeconds ?? 0) * 1000;
        const asked = figures.upstreamSeconds !== undefined;
        const latencies = { request, ...(asked ? { upstream } : {}), apisix: Math.max(0, request - upstream) };
        for (const [type, value] of Object.entries(latencies))
            this.registry.observe("http_latency", labels("http_latency", { type }), this.buckets, value);
        this.registry.add("bandwidth", labels("bandwidth", { type: "ingress" }), figures.received);
        this.registry.add("bandwidth", labels("bandwidth", { type: "egress" }), figures.sent);
        if (!["ai_chat", "ai_stream"].includes(shared.request_type)) return;
        for (const kind of ["prompt", "completion"] as const) {
            const [total, each] = [`llm_${kind}_tokens`, `llm_${kind}_tokens_dist`] as const;
            const tokens = Number(ctx.variables.get(total));
            this.registry.add(total, labels(total, {}), tokens);
            this.registry.observe(each, labels(each, {}), TOKEN_BUCKETS, tokens);
        }
    }

    text(reachable: boolean): string {
        this.registry.set("http_requests_total", [], this.requests);
        this.registry.set("etcd_reachable", [], reachable ? 1 : 0);
        return this.registry.text();
    }
}

/** The path pattern of the matched route, as configured. */
function matchedUri({ route, uri }: Context): string {
    const exact = route?.uris.find((one) => one === uri);
    return exact ?? route?.uris.find((one) => one.endsWith("*") && uri.startsWith(one.slice(0, -1))) ?? "";
}

/** Source of the answer: `apisix`; `upstream` (Alpa); `nginx` if the upstream did not answer. */
function sourceOf({ figures, upstreamAnswered }: Context): string {
    if (figures?.upstreamSeconds === undefined) return "apisix";
    return upstreamAnswered ? "upstream" : "nginx";
}

/**
 * Serves the metrics.
 * @param text returns the current text
 * @param secondLasts duration of one second of refreshSeconds, in real seconds
 */
export function createMetricsServer(text: () => string, { refreshSeconds = REFRESH_SECONDS, secondLasts = 1 }): Server {
    let cached = { text: "", at: -Infinity };
    return createServer((request, answer) => {
        if (request.method !== "GET" || request.url !== EXPORT_URI) return answer.writeHead(404).end();
        const now = performance.now();
        if (now - cached.at >= refreshSeconds * secondLasts * 1000) cached = { text: text(), at: now };
        return answer.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" }).end(cached.text);
    });
}
