import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { metadata } from "./ownership";

export interface NetworkPoliciesArgs {
    /** Namespace APISIX and the ingress controller run in, and nothing else. */
    namespace: pulumi.Input<string>;
    /**
     * Namespace and labels of the only pods through which callers come. Unset: callers may connect from any address.
     */
    callersFrom?: { namespace: string; labels: Record<string, string> };
    /** Whether callers may use TLS too. @default false */
    tls?: boolean;
    /** The pods that may read the metrics of APISIX. @default none */
    scrapers?: ScrapingPods[];
}

/** Pods that read the metrics of APISIX: those of a namespace that have all of these labels. */
export interface ScrapingPods {
    namespace: string;
    labels: Record<string, string>;
}

// Labels the chart puts on its pods. Two names for the ingress controller: as a chart, and under its alias.
export const APISIX_PODS = { matchLabels: { "app.kubernetes.io/name": "apisix" } };
const INGRESS_CONTROLLER = {
    matchExpressions: [
        { key: "app.kubernetes.io/name", operator: "In", values: ["ingress-controller", "apisix-ingress-controller"] },
    ],
};
/** Data port of APISIX in its container. */
export const DATA_PORT = 9080;
/** The same for TLS. */
const TLS_PORT = 9443;
const ADMIN_PORT = 9180;
/** Port of APISIX's metrics, the chart's default. */
export const METRICS_PORT = 9091;

/** Prefix of a policy's name, before its role. */
export const POLICY_PREFIX = "alpa-auth-";
/** Names of the policies. @param settings that decide which there are */
export function policyNames(settings: Pick<NetworkPoliciesArgs, "scrapers">): string[] {
    return Object.keys(renderPolicies(settings)).map((role) => `${POLICY_PREFIX}${role}`);
}

/**
 * Allowed connections in the gateway's namespace: callers reach the data port and nothing else.
 *
 * The option `deletedWith` is handed on to the policies: they stay in force until it takes the namespace with it.
 */
export class NetworkPolicies extends pulumi.ComponentResource {
    constructor(name: string, args: NetworkPoliciesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:NetworkPolicies", name, args, opts);
        for (const [role, spec] of Object.entries(renderPolicies(args)))
            new k8s.networking.v1.NetworkPolicy(
                `${name}-${role}`,
                { metadata: metadata(`${POLICY_PREFIX}${role}`, args.namespace), spec },
                { parent: this, deletedWith: opts?.deletedWith },
            );

        this.registerOutputs({});
    }
}

/** Spec of each policy, by its role. */
export function renderPolicies({
    callersFrom,
    tls,
    scrapers = [],
}: Pick<NetworkPoliciesArgs, "callersFrom" | "tls" | "scrapers">) {
    return {
        closed: { podSelector: {}, policyTypes: ["Ingress"] },
        callers: {
            podSelector: APISIX_PODS,
            policyTypes: ["Ingress"],
            ingress: [
                {
                    ...(callersFrom === undefined ? {} : { from: [peer(callersFrom)] }),
                    ports: (tls ? [DATA_PORT, TLS_PORT] : [DATA_PORT]).map((port) => ({ port, protocol: "TCP" })),
                },
            ],
        },
        "admin-api": {
            podSelector: APISIX_PODS,
            policyTypes: ["Ingress"],
            ingress: [{ from: [{ podSelector: INGRESS_CONTROLLER }], ports: [{ port: ADMIN_PORT, protocol: "TCP" }] }],
        },
        ...(scrapers.length === 0 ? {} : { metrics: renderMetricsPolicy(scrapers) }),
    };
}

/** Rule for pods that read the metrics, which name every caller. */
function renderMetricsPolicy(scrapers: ScrapingPods[]) {
    return {
        podSelector: APISIX_PODS,
        policyTypes: ["Ingress"],
        ingress: [{ from: scrapers.map(peer), ports: [{ port: METRICS_PORT, protocol: "TCP" }] }],
    };
}

/** Pods of one namespace, as a rule names them. @param labels unset: all of them */
export function peer({ namespace, labels }: { namespace: string; labels?: Record<string, string> }) {
    return {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        ...(labels === undefined ? {} : { podSelector: { matchLabels: labels } }),
    };
}
