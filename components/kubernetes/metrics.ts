import type { ScrapingPods } from "./network-policies";

/** Who reads the metrics of pods, and how a Prometheus finds them. */
export interface MetricsSettings {
    /** The pods that may read them. Empty: none. */
    scrapers: ScrapingPods[];
    /** Whether a PodMonitor tells the Prometheus operator of them; else annotations of the pods do. */
    podMonitor: boolean;
}

/** Seconds between two readings, as in the ServiceMonitor of APISIX's chart, whose Service would lead each reading to another pod. */
const INTERVAL_SECONDS = 15;

/** Spec of a PodMonitor: every pod by itself, in its own namespace alone. @param port name of the container's port */
export function renderPodMonitor(matchLabels: Record<string, string>, port: string, path: string) {
    return {
        selector: { matchLabels },
        podMetricsEndpoints: [{ port, path, interval: `${INTERVAL_SECONDS}s` }],
    };
}

/** Annotations of pods by which the usual configuration of Prometheus finds them. */
export function scrapeAnnotations(port: number, path: string) {
    return { "prometheus.io/scrape": "true", "prometheus.io/port": `${port}`, "prometheus.io/path": path };
}
