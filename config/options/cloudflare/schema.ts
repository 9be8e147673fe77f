import * as z from "zod";
import { consumer } from "../../keys/consumers/service-tokens";
import { alpaWatchdog } from "../../keys/hosts/alpa-watchdog";
import { tunnel } from "../../keys/tunnel";
import { enabled, reason, reasonFor } from "../../keys/reason";
import { dnsSchema } from "../../keys/dns/settings";
import { got } from "../../problems";
import { consumersFile, endpoint, isHost, pathPrefix, positive, text, tokenOverlapDays } from "../../values";

/** Cloudflare's plans of a zone, smallest first. */
export const PLANS = ["free", "pro", "business", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];
/** Windows and block times of rate limits that the API accepts, in seconds. */
const PERIODS = [10, 60, 120, 300, 600, 3600, 86400];
/**
 * Default wait of the edge for the first byte of an answer, in seconds. After it the edge answers 524. Source: Cloudflare's
 * table of connection limits since 2026 (change 32243 of cloudflare-docs); it was 100 before.
 */
export const DEFAULT_PROXY_TIMEOUT = 125;
/** Longest wait of the edge that plan Enterprise can set, in seconds. */
const LONGEST_PROXY_TIMEOUT = 6000;
/** Most tokens of prompt and answer together of OPT models. */
export const DEFAULT_MAX_TOKENS = 1024;

const domain = (what: string) =>
    z.string().refine((name) => isHost(name) && name.includes(".") && !/^[\d.]+$/.test(name) && name.length <= 253, {
        error: (i) => `must be ${what} in lower case, without scheme, port or final dot${got(i.input)}`,
    });

const period = (what: string, list: number[]) =>
    z.number().refine((n) => list.includes(n), {
        error: (i) => `must be ${what} that Cloudflare has: ${list.join(", ")}${got(i.input)}. Choose one`,
    });

/** Keys of option cloudflare, without the project's prefix. `docs/reference/configuration` is compared with this. */
export const cloudflareSchema = z.strictObject({
    option: z.literal("cloudflare").meta({
        description: "The option of this stack: `cloudflare`, Cloudflare Access without a gateway.",
        examples: ["cloudflare"],
    }),
    account: z
        .string()
        .refine((id) => /^[0-9a-f]{32}$/.test(id), {
            error: (i) => `must be an account id, 32 hexadecimal digits in lower case${got(i.input)}`,
        })
        .meta({
            description: "Id of the Cloudflare account, as in the address of its dashboard.",
            examples: ["0123456789abcdef0123456789abcdef"],
        }),
    hostname: domain("a host name, for example llm.example.com,").meta({
        description: "Host name that callers use, one level below the zone.",
        examples: ["llm.example.com"],
    }),
    aliases: z
        .array(domain("a host name"))
        .default([])
        .meta({
            description:
                "Further host names of the same service, in the same zone. Together with `hostname` at most 5, the limit of Cloudflare. When you remove the last alias, also remove it from the Access application by hand.",
            examples: [["opt.example.com"]],
            reason: "One name is enough.",
        }),
    certificate: z.enum(["universal", "advanced"]).default("universal").meta({
        description:
            "Certificate of the zone: `advanced` is needed for names two levels below the zone, and costs extra.",
        reason: "Every zone has a universal certificate, at no extra cost.",
    }),
    zone: z
        .strictObject({
            name: domain("the name of a zone, for example example.com,").meta({
                description: "Name of the zone that the host names are in.",
                examples: ["example.com"],
            }),
            manage: z.enum(["existing", "create"]).default("existing").meta({
                description: "`existing` uses a zone that exists; `create` creates it, and never deletes it.",
                reason: "A zone usually exists before this stack.",
            }),
            plan: z.enum(PLANS).meta({
                description: "Plan of the zone. Settings that the plan does not include are rejected.",
                examples: ["pro"],
            }),
        })
        .describe("The DNS zone at Cloudflare."),
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
            tokensPerSecond: z
                .number()
                .positive({ error: (i) => `must be a number above 0${got(i.input)}. Measure it` })
                .optional()
                .meta({
                    description:
                        "Slowest measured speed of Alpa for one caller, in tokens per second. Used to check that the longest answer fits into the wait of the edge.",
                    examples: [12],
                    unset: "not checked",
                }),
            maxTokens: positive("a number of tokens").default(DEFAULT_MAX_TOKENS).meta({
                description:
                    "Most tokens that callers ask for in one answer. Only checks use it: the edge does not limit requests to it.",
                reason: "The length of OPT models.",
            }),
            defaultModel: text("the name of a model").default("default").meta({
                description: "Model for requests that name no model: the name with which Alpa was started.",
                reason: "The name that Alpa's own server uses.",
            }),
            watchdog: alpaWatchdog.optional(),
        })
        .describe("The Alpa service behind the tunnel. The stack does not change it."),
    pathPrefix: pathPrefix.meta({
        description:
            "Path prefix in front of Alpa's paths, as callers get it. Requests without a prefix and with `/alpa` are served too.",
        examples: ["/alpa-opt-service"],
        unset: "no prefix",
    }),
    tunnel,
    access: z
        .strictObject({
            teamName: z
                .string()
                .refine((name) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name), {
                    error: (i) => `must be the part before .cloudflareaccess.com, in lower case${got(i.input)}`,
                })
                .meta({
                    description: "Name of the Zero Trust team: the part before `.cloudflareaccess.com`.",
                    examples: ["example"],
                }),
        })
        .describe("Cloudflare Access, which authenticates callers by their service token."),
    rateLimit: z
        .strictObject({
            requests: positive("a number of requests").meta({
                description: "Number of requests allowed in each window of `perSeconds`.",
                examples: [60],
            }),
            perSeconds: period("a window in seconds", PERIODS.slice(0, -1)).meta({
                description:
                    "Length of the window, in seconds: 10; from plan `pro` 60; from `business` 120, 300, 600; `enterprise` 3600.",
                examples: [60],
            }),
            blockSeconds: period("a time in seconds", PERIODS)
                .optional()
                .meta({
                    description: "Time for which requests over the limit get 429, in seconds.",
                    examples: [60],
                    unset: "the length of the window",
                }),
            per: z.enum(["address", "client"]).default("address").meta({
                description:
                    "Counts requests by `address`, or by `client` id and address, which needs plan `enterprise`.",
                reason: "Every plan supports it.",
            }),
        })
        .optional()
        .meta({
            description: "Rate limit at the edge, before Access, counted separately in each data center.",
            unset: "no limit",
        }),
    browserChecks: z.enum(["skip", "keep"]).default("skip").meta({
        description:
            "`skip` exempts client libraries from the browser checks of Cloudflare, which would answer 403; `keep` does not.",
        reason: "Callers are programs, not browsers.",
    }),
    edgeWorker: z
        .strictObject({
            enabled: enabled.default(true).meta({
                description:
                    "Whether the Worker runs. Without it requests without `model` get 400 from Alpa, and the service is not described.",
                reason: "Requests without `model` work as with the other options.",
            }),
            reason: reason.meta({
                description: "Reason why no Worker may run. Required with `enabled: false`.",
                examples: ["no Workers in this account"],
                unset: "not set",
            }),
        })
        .check(reasonFor(false, "Give the reason why no Worker may run"))
        .prefault({})
        .describe(
            "The Worker at the edge. It adds a missing `model`, and answers `GET` of a prefix with a description of the service.",
        ),
    proxyTimeoutSeconds: positive("a time in seconds")
        .refine((n) => n <= LONGEST_PROXY_TIMEOUT, {
            error: (i) => `must be at most ${LONGEST_PROXY_TIMEOUT}, Cloudflare's longest${got(i.input)}. Lower it`,
        })
        .optional()
        .meta({
            description: `Longest wait of the edge for an answer, in seconds. Another value than ${DEFAULT_PROXY_TIMEOUT} needs plan \`enterprise\`, and applies to the whole zone.`,
            examples: [300],
            unset: `the value of the zone is not changed; Cloudflare uses ${DEFAULT_PROXY_TIMEOUT}`,
        }),
    notify: z
        .array(z.email({ error: (i) => `must be a mail address${got(i.input)}` }))
        .default([])
        .meta({
            description: "Mail addresses that Cloudflare notifies a week before a token expires.",
            examples: [["llm-operators@example.com"]],
            reason: "No address is known.",
        }),
    dns: dnsSchema.optional().meta({
        description: "The other records of the zone, and the phase of its move to Cloudflare.",
        unset: "this stack does not manage them",
    }),
    maxOverlapDays: tokenOverlapDays,
    consumers: z
        .array(consumer)
        .default([])
        .meta({ description: "The callers.", reason: "A new stack has no callers." }),
    consumersFile,
});

export type ParsedCloudflare = z.infer<typeof cloudflareSchema>;

type EdgeWait = Pick<ParsedCloudflare, "proxyTimeoutSeconds">;

/** Wait of the edge for an answer according to the config, in seconds. */
export function edgeWaits({ proxyTimeoutSeconds }: EdgeWait): number {
    return proxyTimeoutSeconds ?? DEFAULT_PROXY_TIMEOUT;
}

/**
 * The timeout that the stack sets for the zone: any value in the config, also the default value, if the plan allows
 * setting it. It applies to the whole zone, and Cloudflare keeps the last value if the stack no longer sets it.
 */
export function heldTimeout({ proxyTimeoutSeconds }: EdgeWait, plan: Plan): EdgeWait {
    return proxyTimeoutSeconds === undefined || plan !== "enterprise" ? {} : { proxyTimeoutSeconds };
}
