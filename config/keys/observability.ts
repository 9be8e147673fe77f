import * as z from "zod";
import type { ReleaseSettings } from "../../components/apisix/values";
import { isOlder, OLDEST_FOR_METRICS } from "../../components/apisix/version";
import type { MetricsSettings } from "../../components/kubernetes/metrics";
import { at, type Problems, type Sound } from "../cross-check";
import type { ParsedGatewayOption } from "./gateway-option";
import { got, must } from "../problems";
import { isGiven, type Raw } from "../unchecked";
import { imageParts, dnsLabel, LABEL_KEY, LABEL_LIMIT } from "../values";

const LABEL_VALUE = /^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/;

const onOff = z.boolean(must("be true or false")).default(false);

const podLabels = z
    .record(z.string(), z.string())
    .refine((labels) => Object.keys(labels).length > 0, {
        error: "must have at least one label, or every pod of the namespace could read the metrics. Name one, for example app.kubernetes.io/name.",
    })
    .superRefine((labels, ctx) => {
        for (const [key, value] of Object.entries(labels))
            if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value) || value.length > LABEL_LIMIT)
                ctx.addIssue(`must be labels of Kubernetes (got ${JSON.stringify(`${key}: ${value}`)}).`);
    });

const scraper = z.strictObject({
    namespace: dnsLabel.meta({ description: "Namespace of the pods that read the metrics.", examples: ["monitoring"] }),
    podLabels: podLabels.meta({
        description: "A pod that reads the metrics must have all of these labels. Name at least one.",
        examples: [{ "app.kubernetes.io/name": "prometheus" }],
    }),
});

export const observability = z
    .strictObject({
        metrics: z
            .strictObject({
                scrapers: z.array(scraper).default([]).meta({
                    description: "The pods that may read the metrics.",
                    reason: "The metrics contain the names of all callers.",
                }),
                podMonitor: onOff.meta({
                    description:
                        "Whether the stack creates a PodMonitor for the Prometheus operator. Without a PodMonitor, the pods have annotations `prometheus.io`.",
                    reason: "A cluster without the Prometheus operator does not have the kind PodMonitor.",
                }),
            })
            .optional()
            .meta({
                description:
                    "Metrics of the gateway pods, which count requests by caller, route and status, and of connectors in the cluster. Prometheus can read them. A change restarts gateway pods and connectors.",
                examples: [
                    { scrapers: [{ namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus" } }] },
                ],
                unset: "no metrics",
                reason: "Metrics open a port and cost memory.",
            }),
        accessLog: onOff.meta({
            description:
                "Whether gateway pods write a line of JSON for each request, with caller and credential. A change restarts the gateway pods.",
            reason: "Turning on the access log restarts the gateway pods.",
        }),
    })
    .prefault({})
    .meta({
        description: "Observability of the gateway for operators: metrics and an access log.",
        examples: [{ metrics: {}, accessLog: true }],
    });

type Parsed = z.infer<typeof observability>;

export function* observabilityProblems({ exposure, gateway }: Sound<ParsedGatewayOption>, given: Raw): Problems {
    if (!isGiven(given, "observability")) return;
    const hasMetrics = isGiven(given, "observability", "metrics");
    const { installer, image = "" } = gateway ?? {};
    // The tunnel's connectors have metrics, and no access log.
    const hasConnectors = exposure === "tunnel" && hasMetrics;
    if (installer === "existing") {
        if (!hasConnectors || isGiven(given, "observability", "accessLog"))
            yield at`${["observability", ...(hasConnectors ? ["accessLog"] : [])]}: only valid for a gateway that this stack installs (got installer existing). Remove it, and set up metrics and logs at that gateway.`;
    } else if (hasMetrics && isOlder(imageParts(image).tag, OLDEST_FOR_METRICS))
        yield at`${["gateway", "image"]}: must be APISIX ${OLDEST_FOR_METRICS} or newer with observability.metrics${got(image)}. Older versions keep a latency histogram for each caller, and run out of memory.`;
}

/** Metrics settings of a gateway or of connectors; empty if metrics are disabled. */
export function metricsSettings({ metrics }: Parsed): { metrics?: MetricsSettings } {
    if (metrics === undefined) return {};
    const scrapers = metrics.scrapers.map(({ namespace, podLabels: labels }) => ({ namespace, labels }));
    return { metrics: { scrapers, podMonitor: metrics.podMonitor } };
}

/**
 * Converts checked values into release settings of the components; empty if nothing is enabled.
 * @param tokens whether the routes count tokens
 */
export function observabilitySettings(asked: Parsed, tokens: boolean): Pick<ReleaseSettings, "observability"> {
    const { metrics, accessLog } = asked;
    if (!metrics && !accessLog) return {};
    return { observability: { ...metricsSettings(asked), ...(accessLog && { accessLog }), ...(tokens && { tokens }) } };
}

/** Warns if metrics are enabled without scrapers, since then no pod can read them. */
export function* observabilityWarnings({ metrics }: Parsed): Iterable<string> {
    if (metrics?.scrapers.length === 0)
        yield "observability.metrics.scrapers: empty, so the network policies let no pod read the metrics. Name the pods of your Prometheus.";
}
