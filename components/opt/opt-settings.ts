import type { Progress } from "./watchdog/progress";

/** Versions of Rampart's charts. The address of their private repository is in a Secret. */
export interface RampartCharts {
    repository: string;
    operator: string;
    cluster: string;
    service: string;
    /** Name of the Service that the chart of Alpa creates. */
    serviceName: string;
}

/** Chart and image of KubeRay's operator. */
export interface OperatorChart {
    repository: string;
    version: string;
    /** The tag may have a digest after `@`. */
    image: { repository: string; tag: string };
}

/** Source of the weights. Without claim and hostPath, the image contains the weights. */
interface Weights {
    /** Folder of the weights in the pods. */
    mountPath: string;
    /** PersistentVolumeClaim in the namespace of the pods. */
    claim?: string;
    /** Folder on every node. */
    hostPath?: string;
}

/** Alpa as a component of the cluster. */
export type OptSettings = {
    image: string;
    /** Nodes, by the label `kubernetes.io/hostname`. The first one runs the head. */
    nodes: string[];
    /** Number of GPUs that Alpa uses on each node. */
    gpusPerNode: number;
    rayVersion: string;
    weights: Weights;
    /** Command that starts Alpa, in a shell of the head's container. */
    command: string;
    /** Watchdog that ends the container when Alpa makes no progress. Default: none. */
    watchdog?: Omit<Progress, "port">;
    /** Shared memory of each pod, part of its memory: a Kubernetes quantity, for example `16Gi`. */
    sharedMemory: string;
    /** Resources of each pod, as Kubernetes quantities. */
    cpu: string;
    memory: string;
    runtimeClass?: string;
    hostNetwork: boolean;
    /** Longest wait for the model to be loaded, in seconds. */
    startTimeoutSeconds: number;
} & (
    | {
          shape: "kuberay";
          /** Chart of KubeRay's operator. Unset if an existing operator watches the namespace. */
          operatorChart?: OperatorChart;
      }
    | { shape: "rampart"; rampartCharts: RampartCharts }
);

/** Name of the graph. It contains KubeRay's operator, and with shape `rampart` also Ray and Alpa. */
export const OPT_GRAPH = "opt";

/** Namespace that Rampart creates for a component of the graph. */
export function optNamespace(namespace: string, component: string): string {
    return `${namespace}-${OPT_GRAPH}-${component}`;
}
