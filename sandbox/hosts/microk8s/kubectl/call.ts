import type { KubeRest } from "../rest";

export interface KubectlCall {
    rest: KubeRest;
    /** Arguments after the verb. */
    words: string[];
    options: Record<string, string>;
    signal: AbortSignal;
    /** Converts seconds of kubectl's waits into milliseconds here. */
    milliseconds: (seconds: number) => number;
}

/** An error message of kubectl itself. */
export class KubectlError extends Error {}
