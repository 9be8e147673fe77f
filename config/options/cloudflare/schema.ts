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
/** Windows and block times that the API of rate limiting takes, in seconds. */
const PERIODS = [10, 60, 120, 300, 600, 3600, 86400];
/**
 * What the edge waits for a byte of an answer unless told otherwise, in seconds: 524 after it. From Cloudflare's table of
 * connection limits since 2026 (change 32243 of cloudflare-docs); 100 before.
 */
export const DEFAULT_PROXY_TIMEOUT = 125;
/** Longest that Enterprise may set. */
const LONGEST_PROXY_TIMEOUT = 6000;
/** Longest prompt and answer together of the models in question, in tokens. */
export const DEFAULT_MAX_TOKENS = 1024;

const domain = (what: string) =>
    z.string().refine((name) => isHost(name) && name.includes(".") && !/^[\d.]+$/.test(name) && name.length <= 253, {
        error: (i) => `must be ${what} in lower case, without scheme, port or final dot${got(i.input)}. Correct it`,
    });

const period = (what: string, list: number[]) =>
    z.number().refine((n) => list.includes(n), {
        error: (i) => `must be ${what} that Cloudflare has: ${list.join(", ")}${got(i.input)}. Choose one`,
    });

/** Keys of option cloudflare, without the project's prefix. `docs/configuration.md` is compared with this. */
export const cloudflareSchema = z.strictObject({
    option: z.literal("cloudflare").describe("Which of the designs this stack is: `cloudflare`, without a gateway."),
    account: z
        .string()
        .refine((id) => /^[0-9a-f]{32}$/.test(id), {
            error: (i) => `must be an account id, 32 hexadecimal digits in lower case${got(i.input)}. Correct it`,
        })
        .describe("Id of the Cloudflare account, as in the address of the dashboard."),
    hostname: domain("a host name, as llm.example.com,").describe("Name callers use, in the zone; one level below it."),
    aliases: z
        .array(domain("a host name"))
        .default([])
        .describe(
            "More names of the same service in the zone. With `hostname` at most 5, Cloudflare's limit. When the last one goes, take it out of the Access application by hand too: it stays there otherwise.",
        ),
    certificate: z
        .enum(["universal", "advanced"])
        .default("universal")
        .describe("`advanced` says that the zone has a certificate for names two levels below it, which costs extra."),
    zone: z
        .strictObject({
            name: domain("the name of a zone, as example.com,").describe("Domain that the names lie in."),
            manage: z
                .enum(["existing", "create"])
                .default("existing")
                .describe("`existing` only looks the zone up; `create` makes it, and never deletes it."),
            plan: z.enum(PLANS).describe("Plan of the zone: what it does not include is refused."),
        })
        .describe("The DNS zone at Cloudflare."),
    alpa: z
        .strictObject({
            endpoints: z
                .array(endpoint)
                .length(1, { error: "must name exactly one Alpa service. Write for example [127.0.0.1:20001]" })
                .describe("`host:port` of the Alpa service, as seen from every host of `tunnel.hosts`; exactly one."),
            answerTimeoutSeconds: positive("a time in seconds")
                .optional()
                .describe("Longest time one answer may take, in seconds. Unset: `proxyTimeoutSeconds`."),
            tokensPerSecond: z
                .number()
                .positive({ error: (i) => `must be a number above 0${got(i.input)}. Measure it` })
                .optional()
                .describe("Tokens that Alpa makes for one caller in a second, at the slowest seen. Measure it."),
            maxTokens: positive("a number of tokens")
                .default(DEFAULT_MAX_TOKENS)
                .describe("Most tokens that callers may ask for in one answer; no component enforces it."),
            defaultModel: text("the name of a model")
                .default("default")
                .describe("Name of the model that a request without `model` is for, as Alpa was started with."),
            watchdog: alpaWatchdog.optional(),
        })
        .describe("The Alpa service behind the tunnel, which stays as it is."),
    pathPrefix: pathPrefix.describe(
        "Path in front of Alpa's own that callers are told. Unset: none. Without one, and with `/alpa`, the same is served.",
    ),
    tunnel,
    access: z
        .strictObject({
            teamName: z
                .string()
                .refine((name) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name), {
                    error: (i) =>
                        `must be the part before .cloudflareaccess.com, in lower case${got(i.input)}. Correct it`,
                })
                .describe("Name of the Zero Trust team: the part before `.cloudflareaccess.com`."),
        })
        .describe("Cloudflare Access, which asks callers for their service token."),
    rateLimit: z
        .strictObject({
            requests: positive("a number of requests").describe("Requests allowed in each window of `perSeconds`."),
            perSeconds: period("a window in seconds", PERIODS.slice(0, -1)).describe(
                "Length of the window, in seconds: 10; from plan `pro` 60; from `business` 120, 300, 600; `enterprise` 3600.",
            ),
            blockSeconds: period("a time in seconds", PERIODS)
                .optional()
                .describe("How long more requests are refused, in seconds. Unset: as long as the window."),
            per: z
                .enum(["address", "client"])
                .default("address")
                .describe(
                    "What is counted: each `address`, or each `client` id at each address, with plan `enterprise`.",
                ),
        })
        .optional()
        .describe("Limit at the edge, before Access and apart in each data center. Unset: none."),
    browserChecks: z
        .enum(["skip", "keep"])
        .default("skip")
        .describe("`skip` lets client libraries through that Cloudflare's browser checks would refuse with 403."),
    edgeWorker: z
        .strictObject({
            enabled: enabled
                .default(true)
                .describe(
                    "`false`: no Worker runs, requests without `model` get Alpa's 400, and nothing describes the service.",
                ),
            reason: reason.describe("Why no Worker may run. Needed with `enabled: false`."),
        })
        .check(reasonFor(false, "Say why no Worker may run"))
        .prefault({})
        .describe(
            "The Worker at the edge: it fills in a missing `model`, and answers GET of a prefix with what the service is.",
        ),
    proxyTimeoutSeconds: positive("a time in seconds")
        .refine((n) => n <= LONGEST_PROXY_TIMEOUT, {
            error: (i) => `must be at most ${LONGEST_PROXY_TIMEOUT}, Cloudflare's longest${got(i.input)}. Lower it`,
        })
        .optional()
        .describe(
            `What the edge waits for an answer, in seconds; needs \`enterprise\`. Unset: left as it is, by default ${DEFAULT_PROXY_TIMEOUT}.`,
        ),
    notify: z
        .array(z.email({ error: (i) => `must be a mail address${got(i.input)}. Correct it` }))
        .default([])
        .describe("Mail addresses that are notified a week before a token expires. Empty: none."),
    dns: dnsSchema
        .optional()
        .describe("The zone's other records, and how far its move to Cloudflare is. Unset: not this stack's."),
    maxOverlapDays: tokenOverlapDays,
    consumers: z.array(consumer).default([]).describe("The callers. Empty: no request is admitted."),
    consumersFile,
});

export type ParsedCloudflare = z.infer<typeof cloudflareSchema>;

type EdgeWait = Pick<ParsedCloudflare, "proxyTimeoutSeconds">;

/** What the edge waits for an answer, as far as the config says, in seconds. */
export function edgeWaits({ proxyTimeoutSeconds }: EdgeWait): number {
    return proxyTimeoutSeconds ?? DEFAULT_PROXY_TIMEOUT;
}

/**
 * The setting of the zone, where the stack holds it: where a value is named, the default too, and the plan lets it be set. It
 * is for all of the zone, and Cloudflare keeps the last value when the stack holds it no more.
 */
export function heldTimeout({ proxyTimeoutSeconds }: EdgeWait, plan: Plan): EdgeWait {
    return proxyTimeoutSeconds === undefined || plan !== "enterprise" ? {} : { proxyTimeoutSeconds };
}
