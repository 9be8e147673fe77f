import * as z from "zod";
import { got } from "../problems";
import { port, sshHost } from "./hosts/ssh-host";
import { pinned, positive, url } from "../values";

const host = sshHost.extend({
    metricsPort: port("Use 20241").default(20241).meta({
        description:
            "Port on 127.0.0.1 of the health check of the first connector; each further connector uses the next port.",
        reason: "`cloudflared`'s own default.",
    }),
});

/** Longest grace period that cloudflared accepts, in seconds (`MaxGracePeriod` in connection/connection.go, 2026.8.2). */
export const MOST_GRACE_SECONDS = 180;
/** The default grace period is this many seconds longer than the longest answer, so that a connector has time to stop. */
const GRACE_BEYOND_SECONDS = 20;

export const graceSeconds = positive("a time in seconds")
    .refine((n) => n <= MOST_GRACE_SECONDS, {
        error: (i) =>
            `must be at most ${MOST_GRACE_SECONDS}: cloudflared rejects a longer time${got(i.input)}. Lower it`,
    })
    .optional()
    .meta({
        description: "Longest time that a stopping connector waits for requests in progress, in seconds.",
        examples: [120],
        unset: `the longest answer time plus ${GRACE_BEYOND_SECONDS}, at most ${MOST_GRACE_SECONDS}`,
        reason: "`cloudflared` does not start with a longer time.",
    });

/** The default grace period. @param answerSeconds the longest answer */
export function defaultGrace(answerSeconds: number): number {
    return Math.min(answerSeconds + GRACE_BEYOND_SECONDS, MOST_GRACE_SECONDS);
}

/** Warns if connectors cannot wait for the longest answers. @param answerSeconds the longest answer */
export function cutAnswers(answerSeconds: number): string[] {
    if (answerSeconds <= MOST_GRACE_SECONDS) return [];
    return [
        `tunnel: a stopping connector waits at most ${MOST_GRACE_SECONDS} s for requests in progress, but an answer may take up to ${answerSeconds} s. Requests that take longer are interrupted (502). Change connectors while no long requests are in progress.`,
    ];
}

/** Key `tunnel`. */
export const tunnel = z
    .strictObject({
        hosts: z
            .array(host)
            .min(1, { error: "must name at least one host, the Ray head node. Add it" })
            .describe("Hosts that run connectors: the Ray head node, and a second host for failover."),
        version: pinned.meta({ description: "Version of `cloudflared`.", examples: ["2026.8.2"] }),
        sha256: z
            .string()
            .refine((sum) => /^[0-9a-f]{64}$/.test(sum), {
                error: (i) =>
                    `must be 64 hexadecimal digits in lower case${got(i.input)}. Copy the checksum from the release page`,
            })
            .meta({
                description:
                    "SHA-256 checksum of `cloudflared` for the architecture of the hosts, from its release page. A download with another checksum is rejected.",
                examples: ["0000000000000000000000000000000000000000000000000000000000000000"],
            }),
        source: url.optional().meta({
            description: "Full address to download `cloudflared` from.",
            examples: ["https://mirror.example.com/cloudflared"],
            unset: "the release page of the `cloudflared` project",
        }),
        connectorsPerHost: positive("a number of connectors").default(2).meta({
            description: "Connectors on each host.",
            reason: "One connector serves while the other is upgraded.",
        }),
        graceSeconds,
    })
    .describe("The connectors (`cloudflared`) that forward requests from Cloudflare to Alpa.");
