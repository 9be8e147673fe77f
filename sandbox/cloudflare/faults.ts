/** Failures on order: the next requests that match get a given answer instead of their own. */
import { FaultQueue } from "../faults";

export interface Fault {
    /** @default any */
    method?: string;
    /** Tried on the path without /client/v4. @default any */
    path?: RegExp;
    /** How many requests it meets. @default 1 */
    times?: number;
    status: number;
    /** @default an envelope with the code the API uses for this status */
    body?: unknown;
    /** Added to, or instead of, the usual ones; "" leaves one out. */
    headers?: Record<string, string>;
    /** Do what the request asks, and only then answer so: the answer was lost on the way. @default false */
    afterwards?: boolean;
}

export class Faults extends FaultQueue<Fault> {
    /** The fault that meets this request, counted down. */
    take(method: string, path: string): Fault | undefined {
        return this.takeFirst((f) => (f.method ?? method) === method && (f.path?.test(path) ?? true));
    }
}
