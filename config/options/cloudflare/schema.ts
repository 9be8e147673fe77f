import * as z from "zod";
import { type CheckContext, at, type Problems, type Sound } from "../../cross-check";
import { apiProblems } from "../../api-access";
import { defaultModel } from "../../keys/alpa";
import { daysUntil, day } from "../../keys/consumers/credentials";
import { duplicateNames } from "../../keys/consumers/schema";
import { consumer, tokenOverlapDays } from "../../keys/consumers/service-tokens";
import { dnsSchema, readZoneData, serviceProblems, type ZoneData } from "../../keys/dns/records";
import { answerKeys, domain, edgeKeys, edgeChecks } from "../../keys/edge";
import { ssh, sshHostProblems, sshProblems } from "../../keys/hosts/ssh-host";
import { edgeOpenai, serverProblems } from "../../keys/openai";
import { tunnel } from "../../keys/tunnel";
import { must } from "../../problems";
import { isGiven, mapping, type Raw } from "../../unchecked";
import {
    movedFrom,
    consumersFile,
    endpoint,
    matching,
    pathPrefix,
    positive,
    text,
    optionKey,
    callersKey,
} from "../../values";
import { optional, withDefault } from "../../schema";

/** Windows of rate limits that the API accepts, in seconds. */
const PERIODS = [10, 60, 120, 300, 600, 3600];

export const cloudflareSchema = z.strictObject({
    option: optionKey("cloudflare", "is Cloudflare Access without a gateway"),
    account: edgeKeys.account,
    hostname: edgeKeys.hostname,
    aliases: withDefault(z.array(domain("a host name")), [], {
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
                .length(1, { error: "must name exactly one Alpa service. Write for example [127.0.0.1:20001]." })
                .meta({
                    description:
                        "Address of the Alpa service, `host:port`, as every host of `tunnel.hosts` reaches it. Exactly one.",
                    examples: [["127.0.0.1:20001"]],
                }),
            answerTimeoutSeconds: optional(positive("a time in seconds"), {
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
    teamName: matching(
        /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
        "be the part before .cloudflareaccess.com, in lower case",
    ).meta({
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
            perSeconds: z
                .number()
                .refine(
                    (n) => PERIODS.includes(n),
                    must(`be a window in seconds that Cloudflare offers: ${PERIODS.join(", ")}`, "Choose one"),
                )
                .meta({
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
            off: optional(text("the reason"), {
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
    notify: withDefault(z.array(z.email(must("be a mail address"))), [], {
        description: "Mail addresses that Cloudflare notifies a week before a token expires.",
        examples: [["llm-operators@example.com"]],
        reason: "No address is known.",
    }),
    dns: dnsSchema.optional().meta({
        description: "The other records of the zone, and the phase of its move to Cloudflare.",
        unset: "this stack does not manage the zone's other records",
    }),
    maxOverlapDays: tokenOverlapDays,
    consumers: callersKey(consumer),
    consumersFile,
});

export type ParsedCloudflare = z.infer<typeof cloudflareSchema>;

const MOST_TOKENS = 50;

type Config = Sound<ParsedCloudflare>;
type Consumers = NonNullable<Config["consumers"]>;

export function* cloudflareChecks(config: Config, given: Raw, { today, api, folder }: CheckContext): Problems {
    const { problems, records } = zoneData(given, folder);
    const { consumers = [], hostname, aliases = [], zone } = config;
    yield* serverProblems("cloudflare", given);
    yield* edgeChecks(config);
    yield* sshHostProblems(["tunnel", "hosts"], config.tunnel?.hosts ?? [], {});
    yield* sshProblems(config.ssh);
    if (config.edgeWorker?.off !== undefined && isGiven(given, "alpa", "defaultModel"))
        yield at`${["alpa", "defaultModel"]}: has no effect with edgeWorker.off: only the Worker adds a missing model. Remove one of them.`;
    yield* duplicateNames(consumers);
    yield* rotationProblems(consumers, config.maxOverlapDays, today);
    yield* tokenCount(consumers, today);
    // Each problem of the file begins with its line.
    for (const text of problems) yield at`${[]}: ${text}`;
    yield* serviceProblems(records, [hostname, ...aliases].map(String), zone?.name);
    if (api !== undefined) yield* apiProblems(api);
}

/** Reads the records file of a config. @param folder folder of the stack file */
export function zoneData(values: Raw, folder: string): ZoneData {
    const { records } = mapping(values.dns);
    const { name } = mapping(values.zone);
    if (typeof records !== "string" || records === "" || typeof name !== "string")
        return { records: [], problems: [], warnings: [] };
    return readZoneData(records, name, folder);
}

/**
 * Checks rotations. The provider accepts the version of a secret and the expiry date of the previous secret only together.
 * Both must stay in the config.
 */
function* rotationProblems(consumers: Consumers, longest: number | undefined, today: Date): Problems {
    for (const [i, consumer] of consumers.entries())
        for (const [j, credential] of (consumer?.credentials ?? []).entries()) {
            const where = ["consumers", i, "credentials", j, "previousSecretExpires"];
            const { secretVersion = 1, previousSecretExpires: until } = credential ?? {};
            if (until === undefined && secretVersion > 1)
                yield at`${where}: required with secretVersion ${secretVersion}. Set the day on which the previous secret stops working, and keep this key after that day.`;
            else if (until !== undefined && secretVersion === 1)
                yield at`${where}: only valid with a secretVersion of at least 2. Raise secretVersion for a new secret, or remove previousSecretExpires.`;
            else if (until && day.safeParse(until).success && daysUntil(until, today) > (longest ?? Infinity))
                yield at`${where}: must be at most ${longest} days from now, the stack's maxOverlapDays (got ${until}). Choose a nearer day.`;
        }
}

function* tokenCount(consumers: Consumers, today: Date): Problems {
    const living = consumers
        .flatMap((consumer) => consumer?.credentials ?? [])
        .filter(({ expires } = {}) => !expires || !day.safeParse(expires).success || daysUntil(expires, today) > 0);
    if (living.length > MOST_TOKENS)
        yield at`${["consumers"]}: must have at most ${MOST_TOKENS} service tokens, Cloudflare's limit for an account (got ${living.length}). Remove some: give one token to each client system, not to each of its users.`;
}
