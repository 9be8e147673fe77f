import { isIP } from "node:net";
import * as z from "zod";
import { must } from "../../problems";
import { hostName } from "../../values";

const address = z
    .string()
    .refine((text) => isIP(text) !== 0, must("be an IPv4 or IPv6 address", "Write for example 20.50.2.10"));

/** Key `azure`: the DNS record and the load balancer at Azure in front of exposure `direct`. */
export const azure = z
    .strictObject({
        hostname: hostName.meta({
            description: "Host name that callers use. Its DNS zone stays at Azure.",
            examples: ["llm.example.com"],
        }),
        addresses: z
            .array(address)
            .min(1, { error: "must name at least one address. Write the address of the load balancer" })
            .meta({
                description: "Addresses that the name must resolve to: those of the load balancer, or of the nodes.",
                examples: [["20.50.2.10"]],
            }),
    })
    .optional()
    .meta({
        description:
            "The DNS record and the load balancer at Azure in front of the gateway, with exposure `direct`. The stack prints the required settings as outputs, in Azure's terms, and checks DNS and the ports; it changes nothing at Azure.",
        unset: "no outputs for Azure; callers use the node port",
    });
