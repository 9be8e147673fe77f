/**
 * Endpoints that only the emulator has, for programs that control it: recorded requests, a clock that can be advanced, and
 * injected failures. Their paths start with `/sandbox/`. Calls of these endpoints do not count for the rate limit, and are not
 * recorded.
 */
import { z } from "zod";
import type { Account } from "../account";
import { notFound, type Answer } from "./answer";
import { bodyObject, checked } from "./call";
import type { SeenRequest } from "./server";

const clockBody = z.strictObject({ seconds: z.number().min(0).max(1e9) });
const faultBody = z.strictObject({
    method: z.string().optional(),
    /** Regular expression that a path must match. It is compared with the path after `/client/v4/`. */
    path: z
        .string()
        .refine(isExpression, { error: "must be a regular expression" })
        .transform((text) => new RegExp(text))
        .optional(),
    times: z.number().int().min(1).optional(),
    status: z.number().int().min(400).max(599),
    body: z.unknown().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    afterwards: z.boolean().optional(),
});

export const PATH = "sandbox/";

export function control(
    account: Account,
    requests: SeenRequest[],
    method: string,
    path: string,
    body: unknown,
): Answer {
    switch (`${method} ${path.slice(PATH.length)}`) {
        case "GET requests":
            return { result: requests };
        case "DELETE requests":
            return { result: requests.splice(0) };
        case "POST clock":
            account.advance(checked(clockBody, bodyObject(body), 1000).seconds);
            return { result: { now: account.stamp() } };
        case "POST faults":
            account.faults.add(checked(faultBody, bodyObject(body), 1000));
            return { result: null };
        case "DELETE faults":
            account.faults.clear();
            return { result: null };
        default:
            throw notFound(
                404,
                "Supported paths: GET or DELETE /sandbox/requests, POST /sandbox/clock, POST or DELETE /sandbox/faults.",
            );
    }
}

function isExpression(text: string): boolean {
    try {
        new RegExp(text);
        return true;
    } catch {
        return false;
    }
}
