import type { KubeRest } from "../rest";

export interface KubectlCall {
    rest: KubeRest;
    /** Words after the verb. */
    words: string[];
    options: Record<string, string>;
    signal: AbortSignal;
    /** How long one of kubectl's own waits is emulated, in milliseconds for seconds. */
    milliseconds: (seconds: number) => number;
}

/** What kubectl itself says is wrong. */
export class KubectlError extends Error {}
