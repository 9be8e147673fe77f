import type { SshHost } from "../ssh-host";

/**
 * Service or commands that run Ray and Alpa on a host. Commands run as root, and `start` must not stay in the
 * foreground.
 */
export type Launch = { unit: string } | { commands: { start: string; stop: string } };

/** Alpa without the cluster: a Ray cluster on hosts that are reached by SSH. */
export interface BareMetalSettings {
    /** The first is the Ray head node, where Alpa is. */
    hosts: SshHost[];
    /** Service or commands that run Ray and Alpa. */
    how: Launch;
    /** Upstream of the callers' route: name or IPv4 address of the first host. */
    alpaHost: string;
    /** Port of Alpa on the first host. */
    port: number;
    /** Longest time for a host to stop, and then to have its GPUs free, in seconds. */
    stopTimeoutSeconds: number;
    /** Longest time for a host to start, and then for Alpa to answer with its model loaded, in seconds. */
    startTimeoutSeconds: number;
}

export interface BareMetalArgs extends BareMetalSettings {
    running: boolean;
    /** Whether its service starts with the host. */
    atBoot: boolean;
    /** Longest time one answer may take, in seconds: the stop waits that long for running answers. */
    answerTimeoutSeconds: number;
    /** A changed number runs everything again, even if nothing else has changed. */
    attempt: number;
}
