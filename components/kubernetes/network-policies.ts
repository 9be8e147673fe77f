import type { Input } from "@pulumi/pulumi";

export interface NetworkPoliciesArgs {
    /** Namespace that contains only APISIX and the ingress controller. */
    namespace: Input<string>;
    /**
     * Namespace and labels of the only pods that may forward callers' requests. Default: callers connect from any address.
     */
    callersFrom?: { namespace: string; labels: Record<string, string> };
    /** Whether callers may also use TLS. @default false */
    tls?: boolean;
    /** The pods that may read the metrics of APISIX. @default none */
    scrapers?: ScrapingPods[];
}

/** Pods that read the metrics of APISIX, by namespace and labels. */
export interface ScrapingPods {
    namespace: string;
    labels: Record<string, string>;
}

// Labels of the chart's pods. The label of the ingress controller is either the name of its own chart or the alias of that
// chart in the APISIX chart.
export const APISIX_PODS = { matchLabels: { "app.kubernetes.io/name": "apisix" } };
const INGRESS_CONTROLLER = {
    matchExpressions: [
        { key: "app.kubernetes.io/name", operator: "In", values: ["ingress-controller", "apisix-ingress-controller"] },
    ],
};
/** Data port of APISIX in its container. */
export const DATA_PORT = 9080;
/** TLS port of APISIX in its container. */
const TLS_PORT = 9443;
const ADMIN_PORT = 9180;
/** Port of APISIX's metrics, the chart's default. */
export const METRICS_PORT = 9091;

/** Prefix of the name of each policy. The rest of the name is the role of the policy. */
export const POLICY_PREFIX = "alpa-auth-";
/** Names of the policies. @param settings settings that decide which policies exist */
export function policyNames(settings: Pick<NetworkPoliciesArgs, "scrapers">): string[] {
    return Object.keys(renderPolicies(settings)).map((role) => `${POLICY_PREFIX}${role}`);
}

/** Spec of each policy, by its role. */
export function renderPolicies({
    callersFrom,
    tls,
    scrapers = [],
}: Pick<NetworkPoliciesArgs, "callersFrom" | "tls" | "scrapers">) {
    const rule = (ports: number[], from?: object[]) => ({
        ...(from === undefined ? {} : { from }),
        ports: ports.map((port) => ({ port, protocol: "TCP" })),
    });
    return {
        closed: { podSelector: {}, policyTypes: ["Ingress"] },
        apisix: {
            podSelector: APISIX_PODS,
            policyTypes: ["Ingress"],
            ingress: [
                rule(tls ? [DATA_PORT, TLS_PORT] : [DATA_PORT], callersFrom && [peer(callersFrom)]),
                rule([ADMIN_PORT], [{ podSelector: INGRESS_CONTROLLER }]),
                // Only these pods may read the metrics, since they contain the name of every caller.
                ...(scrapers.length === 0 ? [] : [rule([METRICS_PORT], scrapers.map(peer))]),
            ],
        },
    };
}

/** Peer of a rule for pods of one namespace. @param labels Default: all pods */
export function peer({ namespace, labels }: { namespace: string; labels?: Record<string, string> }) {
    return {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        ...(labels === undefined ? {} : { podSelector: { matchLabels: labels } }),
    };
}
