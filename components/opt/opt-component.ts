import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Awaited } from "../kubernetes/awaited";
import { generationOf } from "../kubernetes/generation";
import { SUSPEND_SECONDS } from "./conversion-phases";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { APISIX_PODS, peer } from "../kubernetes/network-policies";
import { ALPA_PORT } from "./opt-head";
import { OptGraph, renderRampartOpt } from "./opt-graph";
import { OptOperator } from "./opt-operator";
import { IMAGES, OPT, OPT_HEAD, OPT_PODS, renderImages, renderRayCluster } from "./opt-pods";
import type { OptSettings } from "./opt-settings";
import { attempted, metadata, skipAwait } from "../kubernetes/ownership";

export interface OptComponentArgs {
    /** Namespace of the stack, and of the pods. */
    namespace: string;
    /** Namespace APISIX runs in. */
    apisixNamespace: string;
    cluster: ClusterAccess;
    opt: OptSettings;
    /** Whether the component runs. If false, all objects exist, but no Ray cluster holds GPUs. */
    running: boolean;
    /** Longest time one answer may take, in seconds. */
    answerTimeoutSeconds: number;
    /** Settings for Rampart. Unset if Helm installs the operator. */
    rampart?: { retry: number; timeoutSeconds: number };
    /** Number of the attempt in a conversion. With a new number, the RayCluster is written again. */
    attempt: number;
    /**
     * Whether the attempt leads back to bare metal. If true, the run does not wait for the cluster if only the number of the
     * attempt is new.
     */
    back?: boolean;
    /** Time for which the cluster must stay ready, in seconds. */
    settleSeconds: number;
}

/** Longest time to pull images and weights, in seconds. Callers are still served meanwhile. */
const IMAGES_SECONDS = 3600;
const RAY = "ray.io/v1";
const DNS_PORT = 53;

/** Alpa as a component of the cluster, running or prepared. */
export class OptComponent extends pulumi.ComponentResource {
    constructor(name: string, args: OptComponentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:OptComponent", name, {}, opts);
        const { opt, namespace, cluster, running, rampart } = args;
        if (opt.shape === "kuberay") this.rayCluster(name, args);
        else {
            const spec = renderRampartOpt(opt, { running, retry: rampart?.retry ?? 0, attempt: args.attempt });
            const timeoutSeconds = Math.max(opt.startTimeoutSeconds, rampart?.timeoutSeconds ?? 0);
            new OptGraph(`${name}-opt`, { namespace, cluster, spec, timeoutSeconds }, { parent: this });
        }
        this.registerOutputs({});
    }

    private rayCluster(name: string, args: OptComponentArgs): void {
        const { namespace, cluster, opt, running, answerTimeoutSeconds, rampart, attempt } = args;
        if (opt.shape !== "kuberay") return;
        const operator =
            opt.operatorChart &&
            new OptOperator(
                `${name}-operator`,
                { namespace, cluster, chart: opt.operatorChart, rampart },
                { parent: this },
            );
        const images = this.images(`${name}-images`, args);
        const policy = new k8s.networking.v1.NetworkPolicy(
            `${name}-policy`,
            { metadata: metadata(OPT, namespace), spec: renderPolicy(args.apisixNamespace) },
            { parent: this },
        );
        const ray = new k8s.apiextensions.CustomResource(
            `${name}-ray`,
            {
                apiVersion: RAY,
                kind: "RayCluster",
                metadata: attempted(metadata(OPT, namespace), attempt),
                spec: renderRayCluster({ opt, answerTimeoutSeconds, running }),
            },
            { parent: this, dependsOn: [...(operator ? [operator] : []), images, policy] },
        );
        new Awaited(
            `${name}-ready`,
            {
                ...{ cluster, attempt },
                object: { apiVersion: RAY, kind: "RayCluster", namespace, name: OPT },
                until: { kind: "ray", running },
                // A rollback must not wait for a failed component, because the next phase suspends it.
                back: running && args.back,
                generation: generationOf(ray),
                timeoutSeconds: running ? opt.startTimeoutSeconds : answerTimeoutSeconds + SUSPEND_SECONDS,
                settleSeconds: args.settleSeconds,
            },
            { parent: this, dependsOn: ray },
        );
        new k8s.core.v1.Service(
            `${name}-service`,
            {
                // Pulumi must not wait for the Service's pods, since there are none while no cluster runs.
                metadata: skipAwait(attempted(metadata(OPT, namespace), attempt)),
                spec: renderService(),
            },
            { parent: this },
        );
    }

    /** Puts image and weights on every node. @returns the resource that waits for both */
    private images(name: string, { namespace, cluster, opt }: OptComponentArgs): Awaited {
        const images = new k8s.apps.v1.DaemonSet(
            name,
            { metadata: skipAwait(metadata(IMAGES, namespace)), spec: renderImages(opt) },
            { parent: this },
        );
        return new Awaited(
            `${name}-ready`,
            {
                cluster,
                object: { apiVersion: "apps/v1", kind: "DaemonSet", namespace, name: IMAGES },
                until: { kind: "images", nodes: opt.nodes.length },
                generation: generationOf(images),
                timeoutSeconds: IMAGES_SECONDS,
            },
            { parent: this, dependsOn: images },
        );
    }
}

/** Spec of the Service, which is only reachable inside the cluster. */
function renderService() {
    return {
        type: "ClusterIP",
        selector: OPT_HEAD,
        ports: [{ name: "alpa", port: ALPA_PORT, targetPort: ALPA_PORT }],
    };
}

/**
 * Network policy. Ingress: from the gateway to Alpa's port, and between the pods. Egress: between the pods, and to DNS
 * servers at any address, since the DNS server of a node is not a pod. Network policies do not apply to pods with host
 * networking.
 */
function renderPolicy(apisixNamespace: string) {
    const eachOther = [{ podSelector: { matchLabels: OPT_PODS } }];
    return {
        podSelector: { matchLabels: OPT_PODS },
        policyTypes: ["Ingress", "Egress"],
        ingress: [
            {
                from: [peer({ namespace: apisixNamespace, labels: APISIX_PODS.matchLabels })],
                ports: [{ port: ALPA_PORT, protocol: "TCP" }],
            },
            { from: eachOther },
        ],
        egress: [{ to: eachOther }, { ports: ["UDP", "TCP"].map((protocol) => ({ port: DNS_PORT, protocol })) }],
    };
}
