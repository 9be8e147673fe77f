import type { SshHost } from "../ssh-host";

/**
 * Service or commands that run Ray and Alpa on a host. Commands run as root. The command `start` must exit, and Alpa must
 * continue to run.
 */
type Launch = { unit: string } | { commands: { start: string; stop: string } };

/** Alpa outside of the Kubernetes cluster: a Ray cluster on hosts that are managed over SSH. */
export interface BareMetalSettings {
    /** Hosts. The first is the Ray head node, where Alpa answers. */
    hosts: SshHost[];
    /** Service or commands that run Ray and Alpa. */
    how: Launch;
    /** Upstream of the callers' route: name or IPv4 address of the first host. */
    alpaHost: string;
    /** Port of Alpa on the first host. */
    port: number;
    /** Time limit for a host to stop Alpa, in seconds. The wait for free GPUs that follows has the same limit. */
    stopTimeoutSeconds: number;
    /** Time limit for a host to start Ray, in seconds. The wait for Alpa with its model loaded has the same limit. */
    startTimeoutSeconds: number;
}

export interface BareMetalArgs extends BareMetalSettings {
    /** Whether Alpa runs, and its service starts at boot. */
    running: boolean;
    /** Longest time one answer may take, in seconds. A stop waits this long for requests in progress. */
    answerTimeoutSeconds: number;
    /**
     * Whether Alpa in the cluster may answer on the same port of the head. If so, an answer on that port does not prove that
     * Alpa on bare metal runs.
     */
    portShared: boolean;
    /** Number of the attempt in a conversion. With a new number, all scripts run again. */
    attempt: number;
    /** Whether the attempt leads back to bare metal. A start then needs no working nvidia-smi. @default false */
    back?: boolean;
}
