import * as z from "zod";
import { sshHost } from "./hosts/ssh-host";
import { matching, pinned, url, whole } from "../values";

/** Number of connectors, on each host or in the cluster: one serves while the other is upgraded. */
export const CONNECTORS = 2;
/** Cloudflare's limit of connectors in a tunnel, 25, minus the additional one during an upgrade. */
const MOST_CONNECTORS = 24;

const LAST_METRICS_PORT = 65_536 - CONNECTORS;

const host = sshHost.extend({
    metricsPort: whole(1, LAST_METRICS_PORT, `be a port between 1 and ${LAST_METRICS_PORT}`, "Use 20241")
        .default(20241)
        .meta({
            description:
                "Port on 127.0.0.1 of the health check of the first connector; the other one uses the next port. Change it if another program of the host uses one of them.",
            reason: "`cloudflared`'s own default.",
        }),
});

/** Longest grace period that cloudflared accepts, in seconds (`MaxGracePeriod` in connection/connection.go, 2026.8.2). */
const MOST_GRACE_SECONDS = 180;
/** The grace period is this many seconds longer than the longest answer, so that a connector has time to stop. */
const GRACE_BEYOND_SECONDS = 20;

/** How long a stopping connector waits for requests in progress, in seconds. @param answerSeconds the longest answer */
export function graceSeconds(answerSeconds: number): number {
    return Math.min(answerSeconds + GRACE_BEYOND_SECONDS, MOST_GRACE_SECONDS);
}

/** Warns if connectors cannot wait for the longest answers. @param answerSeconds the longest answer */
export function* cutAnswers(answerSeconds: number): Iterable<string> {
    if (answerSeconds > MOST_GRACE_SECONDS)
        yield `tunnel: a stopping connector waits at most ${MOST_GRACE_SECONDS} s for requests in progress, but an answer may take up to ${answerSeconds} s. Requests that take longer are interrupted (502). Change connectors while no long requests are in progress.`;
}

export const tunnel = z
    .strictObject({
        hosts: z
            .array(host)
            .min(1, { error: "must name at least one host, the Ray head node. Add it." })
            .max(MOST_CONNECTORS / CONNECTORS, {
                error: `must name at most ${MOST_CONNECTORS / CONNECTORS} hosts: each has ${CONNECTORS} connectors, and Cloudflare allows 25 for a tunnel. Remove some.`,
            })
            .describe("Hosts that run connectors: the Ray head node, and a second host for failover."),
        version: pinned.meta({ description: "Version of `cloudflared`.", examples: ["2026.8.2"] }),
        sha256: matching(
            /^[0-9a-f]{64}$/,
            "be 64 hexadecimal digits in lower case",
            "Copy the checksum from the release page",
        ).meta({
            description:
                "SHA-256 checksum of `cloudflared` for the architecture of the hosts, from its release page. A download with another checksum is rejected.",
            examples: ["0000000000000000000000000000000000000000000000000000000000000000"],
        }),
        source: url.optional().meta({
            description: "Full address to download `cloudflared` from.",
            examples: ["https://mirror.example.com/cloudflared"],
            unset: "the release page of the `cloudflared` project",
        }),
    })
    .describe("The connectors (`cloudflared`) that forward requests from Cloudflare to Alpa.");
