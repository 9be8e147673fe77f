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

/** Port and path of APISIX's metrics, the defaults of APISIX and the chart. */
export const METRICS_PATH = "/apisix/prometheus/metrics";
/** Name of the metrics port in the pod, from the chart. */
export const METRICS_PORT_NAME = "prometheus";

/**
 * Upper bounds of the latency histogram, in milliseconds. APISIX's default bounds end at 60 s, but an answer of a large model
 * takes minutes: 600 s is the default of `alpa.answerTimeoutSeconds`. 10 and 100 ms show the gateway's own latency. Each
 * bound is a time series for each route, upstream node and kind of latency.
 */
export const LATENCY_BUCKETS = [10, 100, 1000, 5000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000];

/**
 * Metadata of the plugin `prometheus`: the labels whose values APISIX leaves empty.
 *
 * The request counter keeps the label for the caller, so it has a series for each caller and status. The latency
 * histogram has 13 series for each of three kinds of latency, so its label for the caller is empty: with 5,000 callers it
 * would have 195,000 series or more (docs/operate/watch.md estimates the number of series). The access log shows the
 * latency of each caller. The other empty labels only repeat information of the remaining labels.
 */
export const METRICS_METADATA = {
    prometheus: {
        disabled_labels: {
            http_status: ["matched_uri", "matched_host"],
            http_latency: ["consumer"],
            bandwidth: ["node"],
        },
    },
};

const MODELS = ["request_llm_model", "llm_model"];
const { http_status, http_latency, bandwidth } = METRICS_METADATA.prometheus.disabled_labels;
const OF_TOKENS = ["service_id", "node", "request_llm_model"];

/**
 * The same for routes that count tokens. Only the counters of tokens have a series for each caller and model; a caller of two
 * models has 8 series in all. `request_llm_model` is a text of the request, so no metric has it.
 */
const TOKENS_METADATA = {
    prometheus: {
        disabled_labels: {
            http_status: [...http_status, ...MODELS],
            http_latency: [...http_latency, ...MODELS],
            bandwidth: [...bandwidth, ...MODELS, "request_type"],
            llm_prompt_tokens: [...OF_TOKENS, "request_type"],
            llm_completion_tokens: [...OF_TOKENS, "request_type"],
            llm_prompt_tokens_dist: [...OF_TOKENS, "consumer"],
            llm_completion_tokens_dist: [...OF_TOKENS, "consumer"],
        },
    },
};

/** Metadata of the plugins of a gateway with metrics. */
export const metricsMetadata = ({ tokens }: ObservabilitySettings) => (tokens ? TOKENS_METADATA : METRICS_METADATA);

/** Memory for the values of metrics: the default of APISIX 3.18. A few thousand callers fill the 10 MiB of APISIX 3.17. */
const COUNTS_MEMORY = "128m";
/** Memory for the text of the metrics. 30,000 series fill the default of 10 MiB, because APISIX stores the text twice. */
const TEXT_MEMORY = "64m";

/** Values of the chart for pods: a named port, and the annotations for scrapers. */
export function podValues({ metrics }: ObservabilitySettings = {}) {
    if (metrics === undefined || metrics.podMonitor) return {};
    return { podAnnotations: scrapeAnnotations(METRICS_PORT, METRICS_PATH) };
}

/**
 * Values of the chart below `apisix`, which open the metrics port of the pod. {@link metricsAttributes} has the settings of
 * APISIX itself.
 */
export function metricsValues({ metrics }: ObservabilitySettings = {}) {
    return metrics === undefined ? {} : { prometheus: { enabled: true, containerPort: METRICS_PORT } };
}

/** Settings of the plugin `prometheus` in APISIX's settings file. */
export function metricsAttributes({ metrics }: ObservabilitySettings = {}) {
    if (metrics === undefined) return {};
    return {
        prometheus: {
            // Listens on the pod's address, not only on loopback: network policies decide who may connect.
            export_addr: { ip: "0.0.0.0", port: METRICS_PORT },
            default_buckets: LATENCY_BUCKETS,
        },
    };
}

/** Sizes of the shared memory for metrics, as parts of `nginx_config`. Unused pages take no memory. */
export function metricsMemory({ metrics }: ObservabilitySettings = {}) {
    if (metrics === undefined) return { http: {}, rest: {} };
    return {
        http: { lua_shared_dict: { "prometheus-metrics": COUNTS_MEMORY } },
        rest: { meta: { lua_shared_dict: { "prometheus-cache": TEXT_MEMORY } } },
    };
}
