import * as z from "zod";
import { got } from "./problems";
import { port, sshHost } from "./ssh-host";
import { pinned, positive, url } from "./values";

const host = sshHost.extend({
    metricsPort: port("Use 20241")
        .default(20241)
        .describe("Port on 127.0.0.1 where the first connector tells its health; each other has the next one."),
});

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
        instances: positive("a number of connectors")
            .default(2)
            .describe("Connectors on each host: with two, one serves while the other is upgraded."),
        graceSeconds: positive("a time in seconds")
            .optional()
            .describe(
                "Time for running answers when a connector stops. Unset: `alpa.answerTimeoutSeconds` and 20 more.",
            ),
    })
    .describe("The connectors (`cloudflared`) that carry requests from Cloudflare to Alpa.");
