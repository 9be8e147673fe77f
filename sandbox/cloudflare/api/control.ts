/**
 * Endpoints that only the emulator has, for programs that control it: recorded requests, a clock that can be advanced, and
 * injected failures. Their paths start with `/sandbox/`. Calls of these endpoints are not recorded.
 */
import { z } from "zod";
import { FaultQueue } from "../../faults";
import type { Account } from "../account";
import { ApiError, bodyOf, type Answer } from "./call";

const clockBody = z.strictObject({ seconds: z.number().min(0).max(1e9) });
const faultBody = z.strictObject({
    /** Method of the requests that fail. @default any method */
    method: z.string().optional(),
    /** Regular expression for the path after `/client/v4/`. @default any path */
    path: z.string().optional(),
    /** Number of requests that fail. @default 1 */
    times: z.number().int().min(1).optional(),
    status: z.number().int().min(400).max(599),
    body: z.unknown().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    /** Whether the API performs the request before it answers with the failure. */
    afterwards: z.boolean().optional(),
});
type Fault = z.infer<typeof faultBody>;

/** Injected failures: the next matching requests get the answer of the fault. */
export class Faults extends FaultQueue<Fault> {
    /** Returns the fault for a request, if there is one, and counts the failure. */
    take(method: string, path: string): Fault | undefined {
        return this.takeFirst((f) => (f.method ?? method) === method && new RegExp(f.path ?? "").test(path));
    }
}

export const failure = (code: number, message: string): object => ({
    ...{ success: false, errors: [{ code, message }], messages: [], result: null },
});
export const bodyOfFault = ({ status, body }: Fault): unknown => body ?? failure(status, "injected failure");

/** A received request, for assertions of tests. `path`: without /client/v4 and the query. */
export interface SeenRequest extends Record<"method" | "path" | "query", string> {
    body: unknown;
    status: number;
}

export const PATH = "sandbox/";
const SUPPORTED = "GET or DELETE /sandbox/requests, POST /sandbox/clock, POST or DELETE /sandbox/faults";

/** @param asked method and path without PATH */
export function control(
    account: Account,
    requests: SeenRequest[],
    faults: Faults,
    asked: string,
    body: unknown,
): Answer {
    switch (asked) {
        case "GET requests":
            return { result: requests };
        case "DELETE requests":
            return { result: requests.splice(0) };
        case "POST clock":
            account.advance(bodyOf(clockBody, body).seconds);
            return { result: { now: account.stamp() } };
        case "POST faults":
            faults.add(bodyOf(faultBody, body));
            return {};
        case "DELETE faults":
            faults.clear();
            return {};
        default:
            throw new ApiError(404, 404, `Supported: ${SUPPORTED}.`);
    }
}
