import * as z from "zod";
import { ALGORITHMS } from "../../../components/consumers/signing-algorithms";
import { day } from "./credentials";
import { callerClass } from "../classes/schema";
import { consumerName, dnsLabel, positive, problem } from "../../values";

/** Id of a revocation, as the record of revocations gives it. */
export const REVOCATION_ID = /^revocation-[0-9a-f]{8}$/;

export const credential = z.strictObject({
    id: dnsLabel.describe("Name of the credential, unique within its consumer; two entries are an overlap window."),
    method: z
        .enum(["key", "jwt"], {
            // Only a known name is repeated: anything else could be the credential itself, written in the wrong place.
            error: (i) =>
                i.input === "service-token"
                    ? 'belongs to option cloudflare (got "service-token"). Use key or jwt'
                    : "must be key or jwt. Correct it",
        })
        .describe(
            "How the caller proves who it is: `key` sends the header `apikey`, `jwt` a token in `Authorization`.",
        ),
    expires: day
        .optional()
        .describe(
            "Day from which the credential is left out (UTC), as `2027-01-31`. Unset: it stays until its entry goes.",
        ),
    algorithm: z
        .enum(ALGORITHMS, { error: () => `must be one of ${ALGORITHMS.join(", ")}. Correct it` })
        .optional()
        .describe(
            "How tokens are signed, with method `jwt`. `HS256` has a generated secret; the others need `publicKey`.",
        ),
    publicKey: z
        .string({ error: () => "must be a text in PEM form. Correct it" })
        .optional()
        .describe("Public key of the caller in PEM form; not for `HS256`. An RSA key has 2048 bits or more."),
    key: z
        .string({ error: () => "must be a text. Correct it" })
        .optional()
        .describe("A key the caller has already, as a secret; 16 characters or more. Unset: one is generated."),
    readmit: z
        .string({ error: () => "must be a text. Correct it" })
        .regex(REVOCATION_ID, {
            error: () => "must be the id of a revocation, as revocation-0123abcd. The error of pulumi up names it",
        })
        .optional()
        .describe("Id of a revocation that this stack takes back: its revoked key is accepted again."),
});

export const limits = z
    .strictObject({
        requests: positive("a number of requests")
            .optional()
            .describe("Requests allowed in each window of `perSeconds`. Needs `perSeconds`."),
        perSeconds: positive("a window in seconds").optional().describe("Length of the window, in seconds."),
        concurrent: positive("a number of requests").optional().describe("Requests open at the same time."),
    })
    .check((ctx) => {
        if ((ctx.value.requests === undefined) !== (ctx.value.perSeconds === undefined))
            ctx.issues.push(
                problem(ctx.value, "must have requests and perSeconds together", "Give both or neither", {
                    quote: false,
                }),
            );
    });

/** One caller of a gateway of our own. */
export const consumer = z.strictObject({
    name: consumerName.describe("Name of the caller; the APISIX username becomes `<namespace>_<name>`."),
    limits: limits.optional().describe("What this caller may use; what it leaves out is as in the stack's `limits`."),
    class: callerClass,
    credentials: z.array(credential).describe("Every entry works; removing one revokes exactly that one."),
});
