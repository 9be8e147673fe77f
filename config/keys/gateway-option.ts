import * as z from "zod";
import type { alpa } from "./alpa";
import type { ParsedOpenai } from "./openai";
import { classes } from "./classes/schema";
import { cluster } from "./cluster/schema";
import { consumer, limits, maxOverlapDays } from "./consumers/schema";
import { azure } from "./exposure/azure-schema";
import { exposureKeys } from "./exposure/schema";
import type { gateway } from "./gateway";
import { guard } from "./guard";
import { ssh } from "./hosts/ssh-host";
import { movedFrom } from "./moved-from";
import { observability } from "./observability";
import { rampart } from "./rampart";
import { tls } from "./tls/schema";
import { waitSeconds } from "./waits";
import { consumersFile, DEFAULT_NAMESPACE, dnsLabel, pathPrefix } from "../values";

/** Common keys of all options with a gateway. */
export const gatewayOptionKeys = {
    exposure: z.enum(["direct", "tunnel"]).default("direct").meta({
        description:
            "How callers reach the gateway: `direct` at its address and port, with your own load balancer in front; `tunnel` through Cloudflare, with no open port.",
        reason: "`direct` needs no Cloudflare account.",
    }),
    namespace: dnsLabel
        .default(DEFAULT_NAMESPACE)
        .meta({ description: "Namespace of routes, consumers and credentials.", reason: "The name of this project." }),
    cluster,
    ssh: ssh.optional().meta({ unset: "this stack manages no hosts" }),
    movedFrom,
    pathPrefix: pathPrefix.meta({
        description: "Path prefix in front of Alpa's paths in the URL for callers. The prefix `/alpa` is served too.",
        examples: ["/alpa-opt-service"],
        unset: "callers use `/alpa`",
        reason: "The prefix that existing callers use.",
    }),
    azure,
    tls,
    ...exposureKeys,
    rampart,
    waitSeconds,
    limits: limits.optional().meta({
        description: "Limits of each caller. A limit of the caller's own entry replaces the one here.",
        unset: "no limits",
    }),
    classes,
    maxOverlapDays,
    guard,
    observability,
    consumers: z
        .array(consumer)
        .default([])
        .meta({ description: "The callers.", reason: "A new stack has no callers." }),
    consumersFile,
};

type Shared = z.infer<z.ZodObject<typeof gatewayOptionKeys>>;

/** Common parsed keys of the options with a gateway. */
export type ParsedGatewayOption = Shared & {
    /** Set unless `openai` is. */
    alpa?: z.infer<typeof alpa>;
    openai?: ParsedOpenai;
    gateway: Omit<z.infer<typeof gateway>, "highAvailability">;
};
