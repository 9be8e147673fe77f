/** Injected failures: the next matching requests get the answer of the fault. */
import { FaultQueue } from "../faults";

interface Fault {
    /** Method of the requests that fail. @default any method */
    method?: string;
    /** Regular expression for the path after `/client/v4/`. @default any path */
    path?: RegExp;
    /** Number of requests that fail. @default 1 */
    times?: number;
    status: number;
    /** @default an envelope with the error code that the API uses for this status */
    body?: unknown;
    /** Headers that replace or extend the usual ones. The value "" removes a header. */
    headers?: Record<string, string>;
    /** Whether the API performs the request before it answers with the failure. @default false */
    afterwards?: boolean;
}

export class Faults extends FaultQueue<Fault> {
    /** Returns the fault for a request, if there is one, and counts the failure. */
    take(method: string, path: string): Fault | undefined {
        return this.takeFirst((f) => (f.method ?? method) === method && (f.path?.test(path) ?? true));
    }
}
