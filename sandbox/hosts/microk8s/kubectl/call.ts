import type { KubeRest } from "../rest";

export interface KubectlCall {
    rest: KubeRest;
    /** Arguments after the verb. */
    words: string[];
    options: Record<string, string>;
    signal: AbortSignal;
    /** Converts seconds of kubectl's waits into milliseconds of real time. */
    milliseconds: (seconds: number) => number;
}

/** An error that kubectl itself reports, not the API server. */
export class KubectlError extends Error {}
