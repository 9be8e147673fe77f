import * as z from "zod";
import type { Limits } from "../../components/consumers/limits";
import type { ReleaseSettings } from "../../components/apisix/values";
import { isOlder, OLDEST_FOR_METRICS } from "../../components/apisix/version";
import type { MetricsSettings } from "../../components/kubernetes/metrics";
import type { Sound } from "../cross-check";
import { got } from "../problems";
import { isGiven, type Raw } from "../unchecked";
import { consumerName, dnsLabel, LABEL_LIMIT } from "../values";

/** Key of a Kubernetes label: an optional DNS name with a slash, then a name of up to 63 characters. */
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/;

const onOff = z.boolean({ error: (i) => `must be true or false${got(i.input)}` }).default(false);

const podLabels = z.record(z.string(), z.string()).superRefine((labels, context) => {
    const entries = Object.entries(labels);
    if (entries.length === 0)
        context.addIssue({
            code: "custom",
            message:
                "must have at least one label, or every pod of the namespace could read the metrics. Name one, for example app.kubernetes.io/name",
        });
    for (const [key, value] of entries)
        if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value) || value.length > LABEL_LIMIT)
            context.addIssue({
                code: "custom",
                message: `must be labels of Kubernetes (got ${JSON.stringify(`${key}: ${value}`)})`,
            });
});

const scraper = z.strictObject({
    namespace: dnsLabel.meta({ description: "Namespace of the pods that read the metrics.", examples: ["monitoring"] }),
    podLabels: podLabels.meta({
        description: "A pod that reads the metrics must have all of these labels. Name at least one.",
        examples: [{ "app.kubernetes.io/name": "prometheus" }],
    }),
});

/** Key `observability`. */
export const observability = z
    .strictObject({
        metrics: z
            .strictObject({
                enabled: onOff.meta({
                    description:
                        "Whether gateway pods count requests by caller, route and status. Prometheus can then read these counts, and the metrics of connectors that are pods. A change restarts gateway pods and connectors.",
                    reason: "Metrics open a port and cost memory.",
                }),
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
            .prefault({})
            .meta({
                description: "Metrics of the gateway pods, and of connectors in the cluster.",
                examples: [{ enabled: true }],
            }),
        callerPath: z
            .strictObject({
                consumer: consumerName.meta({
                    description:
                        "Name of the consumer: one of `consumers`, with a key and limits of at most 2 requests a minute, one at a time.",
                    examples: ["caller-path"],
                }),
            })
            .optional()
            .describe(
                "The consumer for synthetic requests. A job outside the cluster sends small completions with the key of this consumer, to measure whether callers get answers (docs/examples/prometheus/caller-path).",
            ),
        accessLog: onOff.meta({
            description:
                "Whether gateway pods write a line of JSON for each request, with caller and credential. A change restarts the gateway pods.",
            reason: "Turning on the access log restarts the gateway pods.",
        }),
    })
    .prefault({})
    .meta({
        description: "Observability of the gateway for operators: metrics and an access log.",
        examples: [{ metrics: { enabled: true }, accessLog: true }],
    });

type Parsed = z.infer<typeof observability>;

/** The part of the config that these checks use. */
interface Checked {
    observability: Parsed;
    exposure: string;
    gateway: { installer: string; image?: { tag?: string } };
    consumers: { name: string; limits?: Limits; credentials: { method: string }[] }[];
}

/**
 * Most requests per minute that the limits may allow the consumer of `callerPath`, which usually sends one in five minutes.
 * A longer window has the same maximum, because a caller may send all its requests within one minute.
 */
const MOST_A_MINUTE = 2;

/** Keys of `observability` that concern only the gateway, and not connectors. */
const OF_THE_GATEWAY = ["callerPath", "accessLog"];

/** Requires low limits for the consumer of `callerPath`: its key is on a host outside the stack, where it could leak. */
function callerPathProblems(asked: Sound<Parsed>["callerPath"], consumers: Sound<Checked>["consumers"] = []): string[] {
    const name = asked?.consumer;
    if (name === undefined) return [];
    const at = consumers.findIndex((one) => one?.name === name);
    if (at < 0)
        return [
            `observability.callerPath.consumer: must be the name of one of consumers${got(name)}. Add it, or correct the name.`,
        ];
    const { limits: { requests, perSeconds, concurrent } = {}, credentials = [] } = consumers[at]!;
    const most = Math.min(MOST_A_MINUTE, (MOST_A_MINUTE * (perSeconds ?? 0)) / 60);
    const isSmall = concurrent === 1 && (requests ?? Infinity) <= most;
    return [
        ...(isSmall
            ? []
            : [
                  `consumers[${at}].limits: must be at most 2 requests a minute, one at a time, since observability.callerPath names this consumer. Set { requests: 2, perSeconds: 60, concurrent: 1 }.`,
              ]),
        ...(credentials.some((one) => one?.method === "key")
            ? []
            : [
                  `consumers[${at}].credentials: must have a credential with method key, since observability.callerPath names this consumer. Add one.`,
              ]),
    ];
}

/** Checks `observability` against other keys. @param given the config before parsing, which shows which keys are set */
export function observabilityProblems(
    { observability: asked, exposure, gateway, consumers }: Sound<Checked>,
    given: Raw,
): string[] {
    if (!isGiven(given, "observability")) return [];
    if (gateway?.installer === "existing") {
        const hasConnectors = exposure === "tunnel" && isGiven(given, "observability", "metrics");
        const others = OF_THE_GATEWAY.filter((key) => isGiven(given, "observability", key));
        const foreign = hasConnectors ? others.map((key) => `observability.${key}`) : ["observability"];
        return [
            ...foreign.map(
                (key) =>
                    `${key}: only valid for a gateway that this stack installs (got installer existing). Remove it, and set up metrics and logs at that gateway.`,
            ),
            ...(hasConnectors ? metricsProblems({ observability: asked }) : []),
        ];
    }
    return [...metricsProblems({ observability: asked, gateway }), ...callerPathProblems(asked?.callerPath, consumers)];
}

function metricsProblems({
    observability: asked,
    gateway,
}: Sound<Pick<Checked, "observability" | "gateway">>): string[] {
    const { enabled, scrapers = [], podMonitor } = asked?.metrics ?? {};
    const tag = gateway?.image?.tag;
    if (enabled === true && isOlder(tag, OLDEST_FOR_METRICS))
        return [
            `gateway.image.tag: must be APISIX ${OLDEST_FOR_METRICS} or newer with observability.metrics (got ${JSON.stringify(tag)}). Older versions keep a latency histogram for each caller, and run out of memory.`,
        ];
    if (enabled !== false) return [];
    const idle = [...(scrapers.length > 0 ? ["scrapers"] : []), ...(podMonitor ? ["podMonitor"] : [])];
    return idle.map(
        (key) => `observability.metrics.${key}: needs observability.metrics.enabled. Set it to true, or remove ${key}.`,
    );
}

/** Metrics settings of a gateway or of connectors; empty if metrics are disabled. */
export function metricsSettings({ metrics }: Parsed): { metrics?: MetricsSettings } {
    const { enabled, podMonitor } = metrics;
    if (!enabled) return {};
    const scrapers = metrics.scrapers.map(({ namespace, podLabels: labels }) => ({ namespace, labels }));
    return { metrics: { scrapers, podMonitor } };
}

/**
 * Converts checked values into release settings of the components; empty if nothing is enabled.
 * @param tokens whether the routes count tokens
 */
export function observabilitySettings(asked: Parsed, tokens: boolean): Pick<ReleaseSettings, "observability"> {
    const { metrics, accessLog } = asked;
    if (!metrics.enabled && !accessLog) return {};
    return {
        observability: {
            ...metricsSettings(asked),
            ...(accessLog && { accessLog }),
            ...(tokens && { tokens }),
        },
    };
}

/** Warns if metrics are enabled without scrapers, since then no pod can read them. */
export function observabilityWarnings({ metrics }: Parsed): string[] {
    if (!metrics.enabled || metrics.scrapers.length > 0) return [];
    return [
        "observability.metrics.scrapers: empty, so the network policies let no pod read the metrics. Name the pods of your Prometheus.",
    ];
}
