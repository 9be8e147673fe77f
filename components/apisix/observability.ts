import type { DashboardSettings } from "./grafana/dashboards";
import { scrapeAnnotations, type MetricsSettings } from "../kubernetes/metrics";
import { METRICS_PORT } from "../kubernetes/network-policies";

/** Metrics, access log and dashboards of the gateway pods. */
export interface ObservabilitySettings {
    /** Unset: APISIX counts nothing. */
    metrics?: MetricsSettings;
    /** Each pod writes one line of JSON for each request. Unset: the format of APISIX */
    accessLog?: boolean;
    /** Dashboards for Grafana, of the metrics. Unset: none. */
    dashboards?: DashboardSettings;
}

/** Port and path of APISIX's metrics, the defaults of APISIX and the chart. */
export const METRICS_PATH = "/apisix/prometheus/metrics";
/** Name that the chart gives the port in the pod. */
export const METRICS_PORT_NAME = "prometheus";

/**
 * Upper bounds of the latency histogram, in milliseconds. APISIX's own end at 60 s, and an answer of a large model takes
 * minutes: 600 s is the default of `alpa.answerTimeoutSeconds`. 10 and 100 ms tell what the gateway itself adds. Each bound
 * is a time series for each route, upstream node and kind of latency.
 */
export const LATENCY_BUCKETS = [10, 100, 1000, 5000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000];

/**
 * Metadata of the plugin `prometheus`, by which APISIX leaves values of labels empty. Every caller has a series for each status;
 * a histogram is 13 series for each of three kinds of latency, so it is kept by route and upstream node and not by caller: with
 * 5,000 callers it would be 195,000 series and more (docs/operate/watch.md, how many series there are). How long a caller waited,
 * the access log says. The matched path repeats the route, and bytes by node repeat those by caller.
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

/** Memory for the counts: 3.17 has 10 MiB, which is full at some thousand callers; this is the default of 3.18. */
const COUNTS_MEMORY = "128m";
/** For the text that a scraper reads: 10 MiB by default, which 30,000 series fill. A second one is made next to the first. */
const TEXT_MEMORY = "64m";

/** Values of the chart: a named port of the pod, and where the pods say that they have metrics. */
export function podValues({ metrics }: ObservabilitySettings = {}) {
    if (metrics === undefined || metrics.podMonitor) return {};
    return { podAnnotations: scrapeAnnotations(METRICS_PORT, METRICS_PATH) };
}

/** Values of the chart below `apisix`. APISIX itself reads {@link metricsAttributes}; the chart names the port of the pod. */
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

/** Shared memory of nginx, in the parts of `nginx_config` that have it. Pages that nothing is written to cost nothing. */
export function metricsMemory({ metrics }: ObservabilitySettings = {}) {
    if (metrics === undefined) return { http: {}, rest: {} };
    return {
        http: { lua_shared_dict: { "prometheus-metrics": COUNTS_MEMORY } },
        rest: { meta: { lua_shared_dict: { "prometheus-cache": TEXT_MEMORY } } },
    };
}
