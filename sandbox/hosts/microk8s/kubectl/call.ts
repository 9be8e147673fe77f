import type { KubeRest } from "../rest";

export interface KubectlCall {
    rest: KubeRest;
    /** Arguments after the verb. */
    words: string[];
    options: Record<string, string>;
    signal: AbortSignal;
    /**
     * Converts the duration of a wait of kubectl (seconds) into real time (milliseconds). The emulator can shorten all
     * waits.
     */
    milliseconds: (seconds: number) => number;
}

/** An error that kubectl itself reports, not the API server. */
export class KubectlError extends Error {}
