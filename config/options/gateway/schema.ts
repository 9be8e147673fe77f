import * as z from "zod";
import type { alpaKeys } from "../../keys/alpa";
import { classes } from "../../keys/classes/schema";
import { cluster } from "../../keys/cluster/schema";
import { consumer, limits } from "../../keys/consumers/schema";
import { azure } from "../../keys/exposure/azure-schema";
import { exposureKeys } from "../../keys/exposure/schema";
import type { gateway } from "../../keys/gateway";
import { guard } from "../../keys/guard";
import { observability } from "../../keys/observability";
import { rampart } from "../../keys/rampart";
import { readiness } from "../../keys/readiness";
import { tls } from "../../keys/tls/schema";
import { consumersFile, DEFAULT_NAMESPACE, dnsLabel, maxOverlapDays, pathPrefix } from "../../values";

/** Keys that every option with a gateway has in the same form. */
export const gatewayOptionKeys = {
    exposure: z
        .enum(["direct", "tunnel"])
        .default("direct")
        .describe(
            "How callers reach the gateway: `direct` at its address and port, with a load balancer of Azure or another in front; `tunnel` through Cloudflare, with no port open.",
        ),
    namespace: dnsLabel.default(DEFAULT_NAMESPACE).describe("Namespace of routes, consumers and credentials."),
    cluster,
    pathPrefix: pathPrefix.describe("Path prefix that callers use, in addition to `/alpa`. Unset: `/alpa`."),
    azure,
    tls,
    ...exposureKeys,
    rampart,
    readiness,
    limits: limits
        .optional()
        .describe("What each caller may use, where it has no such limit of its own. Unset: no limit."),
    classes,
    maxOverlapDays,
    guard,
    observability,
    consumers: z.array(consumer).default([]).describe("The callers. Empty: no request is admitted."),
    consumersFile,
};

type Shared = z.infer<z.ZodObject<typeof gatewayOptionKeys>>;
type AlpaKeys = z.infer<z.ZodObject<typeof alpaKeys>>;

/** What the options with a gateway have in common. */
export type ParsedGatewayOption = Shared & {
    alpa: AlpaKeys & { endpoints: (string | { address: string; weight: number })[] };
    gateway: Omit<z.infer<typeof gateway>, "highAvailability">;
};
