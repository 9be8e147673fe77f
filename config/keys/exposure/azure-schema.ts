import { isIP } from "node:net";
import * as z from "zod";
import { dnsLabel, positive, problem } from "../../values";

/** A host name of at least two labels, as callers type it. */
export const hostName = z.string().check((ctx) => {
    const labels = ctx.value.split(".");
    const good = labels.length > 1 && labels.every((label) => dnsLabel.safeParse(label).success);
    if (!good || ctx.value.length > 253 || isIP(ctx.value) !== 0)
        ctx.issues.push(problem(ctx.value, "must be a lower-case host name, as llm.example.com", "Correct it"));
});

const address = z.string().check((ctx) => {
    if (isIP(ctx.value) === 0)
        ctx.issues.push(problem(ctx.value, "must be an IPv4 or IPv6 address", "Write for example 20.50.2.10"));
});

const port = (what: string) =>
    positive("a port").refine((n) => n <= 65535, { error: `must be ${what} of at most 65535. Lower it` });

/** Key `azure`: what DNS and load balancer in front of exposure `direct` hold, in the words of Azure. */
export const azure = z
    .strictObject({
        hostname: hostName.describe("Name callers use; the DNS zone stays where it is."),
        addresses: z
            .array(address)
            .min(1, { error: "must name at least one address. Write that of the load balancer" })
            .describe("Addresses that the name must lead to: those of the load balancer, or of the nodes."),
        ttl: positive("a time in seconds")
            .default(300)
            .describe("Time to live that the record set must have, in seconds."),
        ports: z
            .strictObject({
                http: port("a port")
                    .default(80)
                    .describe("Port of the load balancer that leads to the HTTP node port."),
                https: port("a port").default(443).describe("Port that leads to the HTTPS node port, with `tls`."),
            })
            .prefault({})
            .describe("Ports of the load balancer, as callers see them."),
    })
    .optional()
    .describe(
        "What the DNS zone and the load balancer must hold, as outputs in the words of Azure, with exposure `direct`. Unset: no such outputs, and callers use the node port.",
    );
