/** Injected failures: the next matching requests get the given answer. */
import { FaultQueue } from "../faults";

interface Fault {
    /** @default any */
    method?: string;
    /** Matched against the path without /client/v4. @default any */
    path?: RegExp;
    /** Number of requests that fail. @default 1 */
    times?: number;
    status: number;
    /** @default an envelope with the code the API uses for this status */
    body?: unknown;
    /** Headers that replace or extend the usual ones; "" removes one. */
    headers?: Record<string, string>;
    /** Whether to execute the request before the failure, as if its answer was lost. @default false */
    afterwards?: boolean;
}

export class Faults extends FaultQueue<Fault> {
    /** Returns the failure for a request, and counts it. */
    take(method: string, path: string): Fault | undefined {
        return this.takeFirst((f) => (f.method ?? method) === method && (f.path?.test(path) ?? true));
    }
}
