import * as z from "zod";
import type { alpa } from "./alpa";
import { azure } from "./azure";
import { classes } from "./classes";
import { cluster } from "./cluster";
import { consumer, limits, maxOverlapDays } from "./consumers/schema";
import { exposureKeys } from "./exposure";
import type { gateway } from "./gateway";
import { guard } from "./guard";
import { ssh } from "./hosts/ssh-host";
import { observability } from "./observability";
import type { ParsedOpenai } from "./openai";
import { tls } from "./tls";
import {
    callersKey,
    movedFrom,
    consumersFile,
    DEFAULT_NAMESPACE,
    dnsLabel,
    pathPrefix,
    positive,
    pinned,
    url,
    whole,
} from "../values";

const waitSeconds = positive("a time in seconds").default(2400).meta({
    description:
        "Longest wait for Rampart to deploy the gateway, and for Alpa to start and load its model, in seconds. For one object of a caller, and for Alpa to stop, a run waits a twentieth of it.",
    reason: "Rampart allows 600 s for each layer of charts. A start of Alpa is expected to take 12 minutes.",
});

/** Shortest wait for the ingress controller, which synchronizes everything once a minute, if `waitSeconds` is not shorter. */
const TWO_SYNCS_SECONDS = 120;

/** A wait for something that usually takes seconds. */
export const shortWait = (waitSeconds: number) => Math.ceil(waitSeconds / 20);

/** Time limits of the waits for the ingress controller and for Rampart. */
export function readiness(waitSeconds: number) {
    return {
        graphTimeoutSeconds: waitSeconds,
        acceptTimeoutSeconds: Math.max(shortWait(waitSeconds), Math.min(TWO_SYNCS_SECONDS, waitSeconds)),
        // 15 s by default: the ingress controller reports acceptance before it has written to APISIX.
        settleSeconds: Math.ceil(waitSeconds / 160),
    };
}

const rampartInstall = z.strictObject({
    repository: url.meta({
        description: "Address of the private chart repository.",
        examples: ["https://charts.example.com/rampart"],
    }),
    version: pinned.meta({ description: "Exact version of Rampart's chart.", examples: ["1.2.3"] }),
    credentialsSecret: dnsLabel
        .meta({
            description: "Secret with `username` and `password` of the repository, in namespace `rampart-system`.",
            examples: ["rampart-repository"],
            unset: "the repository needs no password",
        })
        .optional(),
});

const rampart = z
    .strictObject({
        install: rampartInstall.optional().meta({
            description: "Installs Rampart from your private chart repository. Rampart has no public repository.",
            unset: "Rampart must already run in the cluster",
        }),
        retry: whole(0, Infinity, "be a whole number of at least 0", "Raise it by one").default(0).meta({
            description:
                "Counter of retries. Raise it by one to make Rampart deploy an unchanged graph again after a failure: Rampart does not retry by itself.",
            reason: "No retry was requested yet.",
        }),
    })
    .optional()
    .describe("Settings of Rampart, for installer `rampart` only.");

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
    consumers: callersKey(consumer),
    consumersFile,
};

type Shared = z.infer<z.ZodObject<typeof gatewayOptionKeys>>;

export type ParsedGatewayOption = Shared & {
    /** Set unless `openai` is. */
    alpa?: z.infer<typeof alpa>;
    openai?: ParsedOpenai;
    gateway: Omit<z.infer<typeof gateway>, "highAvailability"> & { highAvailability?: boolean };
};
