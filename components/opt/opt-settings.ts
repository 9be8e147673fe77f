import type { Progress } from "../hosts/watchdog/progress";

/** Versions of Rampart's own charts, in the private repository whose address is in a Secret of that name. */
export interface RampartCharts {
    repository: string;
    operator: string;
    cluster: string;
    service: string;
    /** Name of the Service that the last one makes. */
    serviceName: string;
}

/** Chart and image of KubeRay's operator. */
export interface OperatorChart {
    repository: string;
    version: string;
    /** The tag may have a digest after `@`. */
    image: { repository: string; tag: string };
}

/** Place of the weights; with neither of the two they are in the image. */
export interface Weights {
    /** Folder in which the pods have them. */
    mountPath: string;
    /** PersistentVolumeClaim in the namespace of the pods. */
    claim?: string;
    /** Folder on every node. */
    hostPath?: string;
}

/** Alpa as a component of the cluster. */
export type OptSettings = {
    image: string;
    /** Labels `kubernetes.io/hostname`; the first is the head's. */
    nodes: string[];
    /** Number of GPUs that Alpa uses on each node. */
    gpusPerNode: number;
    rayVersion: string;
    weights: Weights;
    /** Command that starts Alpa, in a shell of the head's container. */
    command: string;
    /** Watchdog that ends the container when Alpa makes no progress. Unset: none. */
    watchdog?: Omit<Progress, "port">;
    /** Shared memory of each pod, part of its memory: a quantity of Kubernetes, as `16Gi`. */
    sharedMemory: string;
    /** Of each pod, as quantities of Kubernetes. */
    cpu: string;
    memory: string;
    runtimeClass?: string;
    hostNetwork: boolean;
    /** Longest wait for the model to be loaded, in seconds. */
    startTimeoutSeconds: number;
} & (
    | {
          shape: "kuberay";
          /** Unset: an existing operator watches the namespace. */
          operatorChart?: OperatorChart;
      }
    | { shape: "rampart"; charts: RampartCharts }
);
