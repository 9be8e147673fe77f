import * as pulumi from "@pulumi/pulumi";
import { Awaited } from "../kubernetes/awaited";
import { RampartGraph } from "../rampart/rampart-graph";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { metadata } from "../kubernetes/ownership";
import { ALPA_PORT, watchedCommand } from "./opt-head";
import { OPT_GRAPH, optNamespace, type OperatorChart, type OptSettings, type RampartCharts } from "./opt-settings";

const API_VERSION = "rampart.petuum.com/v1beta2";

export interface OptGraphArgs {
    /** Namespace of the graph. */
    namespace: string;
    cluster: ClusterAccess;
    spec: { deploy: boolean; graph: { flows: object; components: Record<string, object> } };
    /** Longest wait for Rampart, in seconds. */
    timeoutSeconds: number;
}

/** A Rampart graph of the model, deployed or not. */
export class OptGraph extends pulumi.ComponentResource {
    constructor(name: string, args: OptGraphArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:OptGraph", name, {}, opts);
        const { namespace, cluster, spec, timeoutSeconds } = args;

        const graph = new RampartGraph(
            `${name}-graph`,
            {
                ...{ cluster, spec, timeoutSeconds },
                apiVersion: API_VERSION,
                metadata: metadata(OPT_GRAPH, namespace),
                namespaces: Object.keys(spec.graph.components).map((component) => optNamespace(namespace, component)),
            },
            { parent: this },
        );
        const { generation, uid } = graph;
        new Awaited(
            `${name}-deployed`,
            {
                cluster,
                object: { apiVersion: API_VERSION, kind: "RampartGraph", namespace, name: OPT_GRAPH },
                until: { kind: spec.deploy ? "graph-deployed" : "graph-undeployed" },
                generation,
                uid,
                timeoutSeconds,
            },
            { parent: this, dependsOn: graph },
        );
        this.registerOutputs({});
    }
}

/** Values of the chart of KubeRay's operator. The operator watches one namespace, and has no permissions in others. */
export function operatorValues(namespace: string, { image }: Pick<OperatorChart, "image">) {
    return {
        image: { repository: image.repository, tag: image.tag },
        singleNamespaceInstall: true,
        watchNamespace: [namespace],
    };
}

const component = (
    type: string,
    chart: { repo: string; name: string; version: string },
    config: object,
    again: Again,
) => ({
    type,
    chart,
    config,
    inputs: {},
    outputs: {},
    // A free-form field. Its change increments the generation. Without a new generation, Rampart does not deploy an
    // unchanged graph again.
    $ui: { ...again },
});

/** Numbers in a graph. Raising one of these numbers makes Rampart deploy the graph again. */
interface Again {
    /** `rampart.retry` of the config. */
    retry: number;
    /** Raised after an interrupted run. Unset if the last run has completed. */
    attempt?: number;
}

/** Spec of the graph with KubeRay's operator. */
export function renderOperatorGraph(namespace: string, chart: OperatorChart, retry: number) {
    const { repository: repo, version } = chart;
    const operator = component(
        "kuberay-operator",
        { repo, name: "kuberay-operator", version },
        operatorValues(namespace, chart),
        // The graph is the same in every phase, so that a rollback does not wait for Rampart.
        { retry },
    );
    return { deploy: true, graph: { flows: {}, components: { kuberay: operator } } };
}

/** Spec of the graph of shape `rampart`: operator, Ray and Alpa from Rampart's private charts. */
export function renderRampartOpt(
    opt: OptSettings & { rampartCharts: RampartCharts },
    { running, retry, attempt = 0 }: { running: boolean } & Again,
) {
    const again = { retry, ...(attempt > 0 ? { attempt } : {}) };
    const { operator, cluster, service } = opt.rampartCharts;
    const own = (name: string, version: string, values: object) =>
        component(name, { repo: opt.rampartCharts.repository, name, version }, values, again);
    return {
        deploy: running,
        graph: {
            flows: {},
            components: {
                operator: own("kuberay-operator", operator, {}),
                ray: { ...own("ray-cluster", cluster, rayValues(opt)), needs: ["operator"] },
                alpa: { ...own("alpa-opt-service", service, alpaValues(opt)), needs: ["ray"] },
            },
        },
    };
}

/** Values of the chart of Ray: the head runs on the first node, and a worker runs on each other node. */
function rayValues(opt: OptSettings) {
    const [head, ...others] = opt.nodes;
    const size = { cpu: opt.cpu, memory: opt.memory, "nvidia.com/gpu": `${opt.gpusPerNode}` };
    const on = (node: string) => ({
        nodeSelector: { "kubernetes.io/hostname": node },
        resources: { limits: size, requests: size },
    });
    const one = { replicas: 1, miniReplicas: 1, maxiReplicas: 1 };
    return {
        image: imageOf(opt),
        service: { type: "ClusterIP" },
        ingress: { enabled: false },
        head: { rayVersion: opt.rayVersion, enableInTreeAutoscaling: false, ...on(head) },
        worker: { disabled: true },
        additionalWorkerGroups: Object.fromEntries(
            others.map((node, i) => [`node-${i + 2}`, { disabled: false, ...one, ...on(node) }]),
        ),
    };
}

/** Values of the chart of Alpa's service. */
function alpaValues(opt: OptSettings) {
    return {
        image: {
            ...imageOf(opt),
            ports: [{ name: "http", port: ALPA_PORT }],
            command: ["/bin/bash", "-c"],
            args: [watchedCommand(opt)],
        },
        ingress: { enabled: false },
    };
}

function imageOf({ image }: OptSettings) {
    const [, repository, tag] = /^(.*):([^:/]+)$/.exec(image)!;
    return { repository, tag };
}
