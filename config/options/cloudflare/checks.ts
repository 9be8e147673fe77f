import { answerTimeProblems } from "../../keys/edge/answer-time";
import type { CheckContext, Sound } from "../../cross-check";
import { daysUntil, day } from "../../keys/consumers/credentials";
import { duplicateNames } from "../../keys/consumers/names";
import { readZoneData, serviceProblems, type ZoneData } from "../../keys/dns/settings";
import { hostnameProblems } from "../../keys/edge/hostnames";
import { planProblems } from "../../keys/edge/plans";
import { serverProblems } from "../../keys/openai";
import { sshHostProblems, sshProblems } from "../../keys/hosts/ssh-host";
import { isGiven, mapping, type Raw } from "../../unchecked";
import type { ParsedCloudflare } from "./schema";

/** Cloudflare's limit of service tokens in an account. */
const MOST_TOKENS = 50;

type Config = Sound<ParsedCloudflare>;
type Consumers = NonNullable<Config["consumers"]>;

/**
 * Checks the keys of option cloudflare against each other.
 * @param given the config before parsing, which shows which keys are set
 * @param data the records file of the zone, if the config names one
 */
export function cloudflareChecks(
    config: Config,
    given: Raw,
    data: ZoneData,
    { isSecret, today }: Pick<CheckContext, "isSecret" | "today">,
): string[] {
    const { consumers = [], hostname, aliases = [], zone } = config;
    return [
        ...serverProblems("cloudflare", given),
        ...hostnameProblems(config),
        ...planProblems(config),
        ...answerTimeProblems(config),
        ...sshHostProblems("tunnel.hosts", config.tunnel?.hosts ?? [], {}),
        ...sshProblems(config.ssh, isSecret),
        ...(config.edgeWorker?.off !== undefined && isGiven(given, "alpa", "defaultModel")
            ? [
                  "alpa.defaultModel: has no effect with edgeWorker.off: only the Worker adds a missing model. Remove one of them.",
              ]
            : []),
        ...duplicateNames(consumers),
        ...rotationProblems(consumers, config.maxOverlapDays, today),
        ...tokenCount(consumers, today),
        ...data.problems,
        ...serviceProblems(data.records, [hostname, ...aliases].map(String), "dns.records", zone?.name),
    ];
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
function rotationProblems(consumers: Consumers, longest: number | undefined, today: Date): string[] {
    return consumers.flatMap((consumer, i) =>
        (consumer?.credentials ?? []).flatMap(({ secretVersion: version, previousSecretExpires: until } = {}, j) => {
            const where = `consumers[${i}].credentials[${j}]`;
            if (version !== undefined && version > 1 && until === undefined)
                return [
                    `${where}.previousSecretExpires: required with secretVersion ${version}. Set the day on which the previous secret stops working, and keep this key after that day.`,
                ];
            if (until !== undefined && (version === undefined || version === 1))
                return [
                    `${where}.previousSecretExpires: only valid with a secretVersion of at least 2. Raise secretVersion for a new secret, or remove previousSecretExpires.`,
                ];
            if (until === undefined || longest === undefined || !day.safeParse(until).success) return [];
            if (daysUntil(until, today) > longest)
                return [
                    `${where}.previousSecretExpires: must be at most ${longest} days from now, the stack's maxOverlapDays (got ${until}). Choose a nearer day.`,
                ];
            return [];
        }),
    );
}

function tokenCount(consumers: Consumers, today: Date): string[] {
    const living = consumers
        .flatMap((consumer) => consumer?.credentials ?? [])
        .filter(({ expires } = {}) => !expires || !day.safeParse(expires).success || daysUntil(expires, today) > 0);
    if (living.length <= MOST_TOKENS) return [];
    return [
        `consumers: must have at most ${MOST_TOKENS} service tokens, Cloudflare's limit for an account (got ${living.length}). Remove some: give one token to each client system, not to each of its users.`,
    ];
}
