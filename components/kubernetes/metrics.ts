import type { ScrapingPods } from "./network-policies";

export interface MetricsSettings {
    /** The pods that may read the metrics; empty if no pod may read them. */
    scrapers: ScrapingPods[];
    /** Whether Prometheus finds the pods by a PodMonitor (Prometheus operator) instead of annotations. */
    podMonitor: boolean;
}

/**
 * Scrape interval in seconds, the same as in the chart's ServiceMonitor of APISIX. This project does not use that
 * ServiceMonitor, because each scrape would reach a different pod.
 */
const INTERVAL_SECONDS = 15;

/** Spec of a PodMonitor: scrapes every pod of its own namespace. @param port name of the container's port */
export function renderPodMonitor(matchLabels: Record<string, string>, port: string, path: string) {
    return {
        selector: { matchLabels },
        podMetricsEndpoints: [{ port, path, interval: `${INTERVAL_SECONDS}s` }],
    };
}

/** Pod annotations with which the usual configuration of Prometheus finds the metrics. */
export function scrapeAnnotations(port: number, path: string) {
    return { "prometheus.io/scrape": "true", "prometheus.io/port": `${port}`, "prometheus.io/path": path };
}
