import { scrapeAnnotations, type MetricsSettings } from "../kubernetes/metrics";
import { METRICS_PORT } from "../kubernetes/network-policies";

/** Metrics and access log of the gateway pods. */
export interface ObservabilitySettings {
    /** Metrics. Default: none. */
    metrics?: MetricsSettings;
    /** Whether each pod logs one line of JSON for each request. Default: false, the format of APISIX. */
    accessLog?: boolean;
    /** Whether the routes count tokens. Default: false. */
    tokens?: boolean;
}

/** Path of APISIX's metrics, and name of their port in the pod: the defaults of APISIX and the chart. */
export const METRICS_PATH = "/apisix/prometheus/metrics";
export const METRICS_PORT_NAME = "prometheus";

/**
 * Upper bounds of the latency histogram, in milliseconds. APISIX's default bounds end at 60 s, but an answer of a large model
 * takes minutes: 600 s is the default of `alpa.answerTimeoutSeconds`. 10 and 100 ms show the gateway's own latency. Each
 * bound is a time series for each route, upstream node and kind of latency.
 */
export const LATENCY_BUCKETS = [10, 100, 1000, 5000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000];

const MODELS = ["request_llm_model", "llm_model"];
const OF_TOKENS = ["service_id", "node", "request_llm_model"];

/**
 * Metadata of the plugin `prometheus`: the labels whose values APISIX leaves empty.
 *
 * The request counter keeps the label for the caller, so it has a series for each caller and status. The latency
 * histogram has 13 series for each of three kinds of latency, so its label for the caller is empty: with 5,000 callers it
 * would have 195,000 series or more (docs/operate/watch.md). The access log shows the latency of each caller. The other
 * empty labels only repeat information of the remaining labels.
 *
 * On routes that count tokens, only the counters of tokens have a series for each caller and model; a caller of two models
 * has 8 series in all. `request_llm_model` is a text of the request, so no metric has it.
 */
export function metricsMetadata({ tokens }: ObservabilitySettings) {
    const models = tokens ? MODELS : [];
    const disabled_labels = {
        http_status: ["matched_uri", "matched_host", ...models],
        http_latency: ["consumer", ...models],
        bandwidth: ["node", ...models, ...(tokens ? ["request_type"] : [])],
        ...(tokens && {
            llm_prompt_tokens: [...OF_TOKENS, "request_type"],
            llm_completion_tokens: [...OF_TOKENS, "request_type"],
            llm_prompt_tokens_dist: [...OF_TOKENS, "consumer"],
            llm_completion_tokens_dist: [...OF_TOKENS, "consumer"],
        }),
    };
    return { prometheus: { disabled_labels } };
}

/** Values of the chart: the metrics port of the pod, and the annotations for scrapers. */
export function chartMetrics(metrics: MetricsSettings | undefined) {
    if (metrics === undefined) return {};
    return {
        apisix: { prometheus: { enabled: true, containerPort: METRICS_PORT } },
        podAnnotations: metrics.podMonitor ? {} : scrapeAnnotations(METRICS_PORT, METRICS_PATH),
    };
}

/** Settings of the plugin `prometheus` in APISIX's settings file. */
export const METRICS_ATTRIBUTES = {
    // Listens on the pod's address, not only on loopback: network policies decide who may connect.
    export_addr: { ip: "0.0.0.0", port: METRICS_PORT },
    default_buckets: LATENCY_BUCKETS,
};

/**
 * Shared memory of nginx; unused pages take no memory. The values of metrics get the default of APISIX 3.18, since a few
 * thousand callers fill the 10 MiB of APISIX 3.17. 30,000 series fill the 10 MiB for their text, which APISIX stores twice.
 */
export const METRICS_MEMORY = {
    http: { lua_shared_dict: { "prometheus-metrics": "128m" } },
    meta: { lua_shared_dict: { "prometheus-cache": "64m" } },
};
