import * as z from "zod";
import { defaultModel } from "../../keys/alpa";
import { consumer, tokenOverlapDays } from "../../keys/consumers/service-tokens";
import { answerKeys, domain, edgeKeys } from "../../keys/edge/schema";
import { edgeOpenai } from "../../keys/openai";
import { ssh } from "../../keys/hosts/ssh-host";
import { movedFrom } from "../../keys/moved-from";
import { tunnel } from "../../keys/tunnel";
import { dnsSchema } from "../../keys/dns/settings";
import { must } from "../../problems";
import { consumersFile, endpoint, pathPrefix, positive, text } from "../../values";

/** Windows of rate limits that the API accepts, in seconds. */
const PERIODS = [10, 60, 120, 300, 600, 3600];

const period = (what: string, list: number[]) =>
    z
        .number()
        .refine((n) => list.includes(n), must(`be ${what} that Cloudflare offers: ${list.join(", ")}`, "Choose one"));

/** Keys of option cloudflare, without the project's prefix. The reference of keys is generated from this schema. */
export const cloudflareSchema = z.strictObject({
    option: z.literal("cloudflare").meta({
        description: "The option of this stack. `cloudflare` is Cloudflare Access without a gateway.",
        examples: ["cloudflare"],
    }),
    account: edgeKeys.account,
    hostname: edgeKeys.hostname,
    aliases: z
        .array(domain("a host name"))
        .default([])
        .meta({
            description:
                "Further host names of the same service, in the same zone. Cloudflare allows at most 5, including `hostname`. When you remove the last alias, also remove it from the Access application by hand.",
            examples: [["opt.example.com"]],
            reason: "One name is enough.",
        }),
    movedFrom,
    zone: edgeKeys.zone,
    alpa: z
        .strictObject({
            endpoints: z
                .array(endpoint)
                .length(1, { error: "must name exactly one Alpa service. Write for example [127.0.0.1:20001]" })
                .meta({
                    description:
                        "Address of the Alpa service, `host:port`, as every host of `tunnel.hosts` reaches it. Exactly one.",
                    examples: [["127.0.0.1:20001"]],
                }),
            answerTimeoutSeconds: positive("a time in seconds")
                .optional()
                .meta({
                    description: "Longest time that one answer may take, in seconds.",
                    examples: [100],
                    unset: "`proxyTimeoutSeconds`",
                    reason: "The timeout of the edge.",
                }),
            ...answerKeys,
            defaultModel,
        })
        .optional()
        .meta({
            description: "The Alpa service behind the tunnel. The stack does not change it.",
            unset: "the server is `openai`",
        }),
    openai: edgeOpenai,
    pathPrefix: pathPrefix.meta({
        description:
            "Path prefix in front of Alpa's paths in the URL for callers. Requests without a prefix and with `/alpa` are served too.",
        examples: ["/alpa-opt-service"],
        unset: "no prefix",
    }),
    ssh,
    tunnel,
    teamName: z
        .string()
        .refine(
            (name) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name),
            must("be the part before .cloudflareaccess.com, in lower case"),
        )
        .meta({
            description:
                "Name of the Zero Trust team whose Access authenticates callers: the part before `.cloudflareaccess.com`.",
            examples: ["example"],
        }),
    rateLimit: z
        .strictObject({
            requests: positive("a number of requests").meta({
                description: "Number of requests allowed in each window of `perSeconds`.",
                examples: [60],
            }),
            perSeconds: period("a window in seconds", PERIODS).meta({
                description:
                    "Length of the window, in seconds, and the time for which a caller gets 429 after exceeding the limit: 10 with every plan, 60 from plan `pro`, 120, 300 or 600 from `business`, and 3600 with `enterprise`.",
                examples: [60],
            }),
        })
        .optional()
        .meta({
            description: "Rate limit at the edge, before Access, counted separately in each data center.",
            unset: "no limit",
        }),
    browserChecks: edgeKeys.browserChecks,
    edgeWorker: z
        .strictObject({
            off: text("the reason")
                .optional()
                .meta({
                    description:
                        "Reason why no Worker may run. Requests without `model` then get 400 from Alpa, and `GET` of a prefix returns no description of the service.",
                    examples: ["no Workers in this account"],
                    unset: "the Worker runs",
                }),
        })
        .prefault({})
        .describe(
            "The Worker at the edge. It adds a missing `model`, and answers `GET` of a prefix with a description of the service.",
        ),
    proxyTimeoutSeconds: edgeKeys.proxyTimeoutSeconds,
    notify: z
        .array(z.email(must("be a mail address")))
        .default([])
        .meta({
            description: "Mail addresses that Cloudflare notifies a week before a token expires.",
            examples: [["llm-operators@example.com"]],
            reason: "No address is known.",
        }),
    dns: dnsSchema.optional().meta({
        description: "The other records of the zone, and the phase of its move to Cloudflare.",
        unset: "this stack does not manage the zone's other records",
    }),
    maxOverlapDays: tokenOverlapDays,
    consumers: z
        .array(consumer)
        .default([])
        .meta({ description: "The callers.", reason: "A new stack has no callers." }),
    consumersFile,
});

export type ParsedCloudflare = z.infer<typeof cloudflareSchema>;
