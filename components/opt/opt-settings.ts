import type { Progress } from "../hosts/watchdog/progress";

/** Versions of Rampart's own charts, in the private repository that a Secret of that name leads to. */
export interface RampartCharts {
    repository: string;
    operator: string;
    cluster: string;
    service: string;
    /** Name of the Service that the last one makes. */
    serviceName: string;
}

/** KubeRay's operator, as its chart brings it. */
export interface OperatorChart {
    repository: string;
    version: string;
    /** Its tag is with or without a digest behind `@`. */
    image: { repository: string; tag: string };
}

/** Where the weights are; neither of the two: in the image. */
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
    /** Of each node. */
    gpusPerNode: number;
    rayVersion: string;
    weights: Weights;
    /** Starts Alpa, in a shell of the head's container. */
    command: string;
    /** Ends the container when Alpa makes no progress. Unset: nothing notices that. */
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
          /** Unset: an operator that watches the namespace is there. */
          operatorChart?: OperatorChart;
      }
    | { shape: "rampart"; charts: RampartCharts }
);
