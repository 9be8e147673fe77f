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
const KINDS = ["prompt", "completion"] as const;

export class Metrics {
    readonly registry = new Registry("apisix_");
    private requests = 0;

    /** @param buckets upper bounds of the latency histogram, in milliseconds. @default none */
    constructor(private readonly buckets: number[] = []) {
        const { registry } = this;
        registry.declare("gauge", "http_requests_total", "The total number of client requests since APISIX started");
        registry.declare("gauge", "etcd_reachable", "Config server etcd reachable from APISIX, 0 is unreachable");
        registry.declare("gauge", "node_info", "Info of APISIX node");
        registry.declare("counter", "nginx_metric_errors_total", "Number of nginx-lua-prometheus errors");
        registry.declare("counter", "http_status", "HTTP status codes per service in APISIX");
        registry.declare("histogram", "http_latency", "HTTP request latency in milliseconds per service in APISIX");
        registry.declare("counter", "bandwidth", "Total bandwidth in bytes consumed per service in APISIX");
        for (const kind of KINDS) {
            registry.declare("counter", `llm_${kind}_tokens`, `LLM service consumed ${kind} tokens`);
            registry.declare("histogram", `llm_${kind}_tokens_dist`, `LLM ${kind} tokens distribution per request`);
        }
        registry.set("nginx_metric_errors_total", [], 0);
        registry.set("node_info", Object.entries({ hostname: hostname(), version: APISIX_VERSION }), 1);
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
        const { upstreamSeconds } = figures;
        const values = labelsOf(ctx, conf.prefer_name === true);
        const disabled = (metadata?.disabled_labels ?? {}) as Partial<Record<Metric, string[]>>;
        const labels = (metric: Metric, type = ""): Labels =>
            LABELS[metric].map((name) => {
                const value = name === "type" ? type : (values[name] ?? "");
                return [name, disabled[metric]?.includes(name) ? "" : value];
            });
        this.registry.add("http_status", labels("http_status"), 1);
        const request = figures.requestSeconds * 1000;
        const upstream = (upstreamSeconds ?? 0) * 1000;
        const apisix = Math.max(0, request - upstream);
        const latencies = upstreamSeconds === undefined ? { request, apisix } : { request, upstream, apisix };
        for (const [type, value] of Object.entries(latencies))
            this.registry.observe("http_latency", labels("http_latency", type), this.buckets, value);
        this.registry.add("bandwidth", labels("bandwidth", "ingress"), figures.received);
        this.registry.add("bandwidth", labels("bandwidth", "egress"), figures.sent);
        if (!["ai_chat", "ai_stream"].includes(values.request_type)) return;
        for (const kind of KINDS) {
            const [total, each] = [`llm_${kind}_tokens`, `llm_${kind}_tokens_dist`] as const;
            const tokens = Number(ctx.variables.get(total));
            this.registry.add(total, labels(total), tokens);
            this.registry.observe(each, labels(each), TOKEN_BUCKETS, tokens);
        }
    }

    text(reachable: boolean): string {
        this.registry.set("http_requests_total", [], this.requests);
        this.registry.set("etcd_reachable", [], reachable ? 1 : 0);
        return this.registry.text();
    }
}

/** Values of labels. @param byName whether routes and services have their names, not their ids */
function labelsOf(ctx: Context, byName: boolean): Record<string, string> {
    const { id, name, serviceId = "", serviceName, uris } = ctx.route!;
    const { uri } = ctx.target;
    const route = byName ? (name ?? id) : id;
    const service = byName ? (serviceName ?? serviceId) : serviceId;
    const llm = (variable: string) => (ctx.variables.get(variable) ?? "").slice(0, MAX_MODEL);
    // `upstream` is Alpa; `nginx` if Alpa did not answer.
    const source = ctx.upstreamAnswered ? "upstream" : "nginx";
    return {
        ...{ route, route_id: route, service, service_id: service },
        code: String(ctx.figures!.status),
        matched_uri:
            uris.find((one) => one === uri) ?? uris.find((one) => uri.startsWith(one.replace(/\*$/, ""))) ?? "",
        response_source: ctx.figures!.upstreamSeconds === undefined ? "apisix" : source,
        consumer: ctx.consumer?.username ?? "",
        node: ctx.node?.host ?? "",
        request_type: llm("request_type"),
        request_llm_model: llm("request_llm_model"),
        llm_model: llm("llm_model"),
    };
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
