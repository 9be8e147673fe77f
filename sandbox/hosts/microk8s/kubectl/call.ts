import type { KubeRest } from "../rest";

export interface KubectlCall {
    rest: KubeRest;
    /** Arguments after the kubectl verb, without options. */
    words: string[];
    options: Record<string, string>;
    signal: AbortSignal;
    /** Converts a wait of kubectl from seconds into milliseconds of real time. The emulator can shorten all waits. */
    milliseconds: (seconds: number) => number;
}

/** An error that kubectl itself reports, not the API server. */
export class KubectlError extends Error {}
