import * as z from "zod";
import { got } from "../problems";
import { port, sshHost } from "./hosts/ssh-host";
import { pinned, positive, url } from "../values";

const host = sshHost.extend({
    metricsPort: port("Use 20241")
        .default(20241)
        .describe("Port on 127.0.0.1 where the first connector tells its health; each other has the next one."),
});

/** Longest grace period that cloudflared starts with, in seconds (`MaxGracePeriod` in connection/connection.go, 2026.8.2). */
export const MOST_GRACE_SECONDS = 180;
/** Beyond the longest answer, for connectors that stop: time to say goodbye, in seconds. */
const GRACE_BEYOND_SECONDS = 20;

export const graceSeconds = positive("a time in seconds")
    .refine((n) => n <= MOST_GRACE_SECONDS, {
        error: (i) =>
            `must be at most ${MOST_GRACE_SECONDS}: cloudflared starts with no longer one${got(i.input)}. Lower it`,
    })
    .optional()
    .describe(
        `How long a connector that stops waits for running answers. Unset: the longest answer and ${GRACE_BEYOND_SECONDS} more, at most ${MOST_GRACE_SECONDS}.`,
    );

/** Where the config says nothing of it. @param answerSeconds the longest answer */
export function defaultGrace(answerSeconds: number): number {
    return Math.min(answerSeconds + GRACE_BEYOND_SECONDS, MOST_GRACE_SECONDS);
}

/** What an operator should know of answers that no connector waits for. @param answerSeconds the longest answer */
export function cutAnswers(answerSeconds: number): string[] {
    if (answerSeconds <= MOST_GRACE_SECONDS) return [];
    return [
        `tunnel: a connector that stops waits at most ${MOST_GRACE_SECONDS} s, so of answers of up to ${answerSeconds} s those on it that take longer are cut (502). Change connectors when no such answers are under way.`,
    ];
}

/** Key `tunnel`. */
export const tunnel = z
    .strictObject({
        hosts: z
            .array(host)
            .min(1, { error: "must name at least one host, the Ray head node. Add it" })
            .describe("Hosts that run the connectors: the Ray head node, and more to survive the loss of one."),
        version: pinned.describe("Version of `cloudflared`, as `2026.8.2`."),
        sha256: z
            .string()
            .refine((sum) => /^[0-9a-f]{64}$/.test(sum), {
                error: (i) =>
                    `must be 64 hexadecimal digits in lower case${got(i.input)}. Take it from the release page`,
            })
            .describe("SHA-256 of that program for the hosts' architecture: what is downloaded must have it."),
        source: url.optional().describe("Address to download it from, whole. Unset: the release page of its project."),
        connectorsPerHost: positive("a number of connectors")
            .default(2)
            .describe("Connectors on each host: with two, one serves while the other is upgraded."),
        graceSeconds,
    })
    .describe("The connectors (`cloudflared`) that carry requests from Cloudflare to Alpa.");
