import { edgeChecks } from "../../keys/edge/checks";
import type { CheckContext } from "../../check-context";
import { at, type Problems, type Sound } from "../../cross-check";
import { daysUntil, day } from "../../keys/consumers/credentials";
import { duplicateNames } from "../../keys/consumers/names";
import { readZoneData, serviceProblems, type ZoneData } from "../../keys/dns/settings";
import { serverProblems } from "../../keys/openai";
import { sshHostProblems, sshProblems } from "../../keys/hosts/ssh-host";
import { isGiven, mapping, type Raw } from "../../unchecked";
import type { ParsedCloudflare } from "./schema";

/** Cloudflare's limit of service tokens in an account. */
const MOST_TOKENS = 50;

type Config = Sound<ParsedCloudflare>;
type Consumers = NonNullable<Config["consumers"]>;
type Entry = ParsedCloudflare["consumers"][number]["credentials"][number];

/**
 * Checks the keys of option cloudflare against each other.
 * @param given the config before parsing, which shows which keys are set
 * @param data the records file of the zone, if the config names one
 */
export function* cloudflareChecks(
    config: Config,
    given: Raw,
    data: ZoneData,
    { today }: Pick<CheckContext, "today">,
): Problems {
    const { consumers = [], hostname, aliases = [], zone } = config;
    yield* serverProblems("cloudflare", given);
    yield* edgeChecks(config);
    yield* sshHostProblems(["tunnel", "hosts"], config.tunnel?.hosts ?? [], {});
    yield* sshProblems(config.ssh);
    if (config.edgeWorker?.off !== undefined && isGiven(given, "alpa", "defaultModel"))
        yield at(
            ["alpa", "defaultModel"],
            "has no effect with edgeWorker.off: only the Worker adds a missing model. Remove one of them.",
        );
    yield* duplicateNames(consumers);
    yield* rotationProblems(consumers, config.maxOverlapDays, today);
    yield* tokenCount(consumers, today);
    // Each problem of the file begins with its line.
    for (const text of data.problems) yield at([], text);
    yield* serviceProblems(data.records, [hostname, ...aliases].map(String), zone?.name);
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
            const message = rotationProblem(credential, longest, today);
            if (message !== undefined) yield at(["consumers", i, "credentials", j, "previousSecretExpires"], message);
        }
}

function rotationProblem(
    { secretVersion = 1, previousSecretExpires: until }: Sound<Entry> = {},
    longest: number | undefined,
    today: Date,
): string | undefined {
    if (until === undefined)
        return secretVersion > 1
            ? `required with secretVersion ${secretVersion}. Set the day on which the previous secret stops working, and keep this key after that day.`
            : undefined;
    if (secretVersion === 1)
        return "only valid with a secretVersion of at least 2. Raise secretVersion for a new secret, or remove previousSecretExpires.";
    if (longest === undefined || !day.safeParse(until).success || daysUntil(until, today) <= longest) return undefined;
    return `must be at most ${longest} days from now, the stack's maxOverlapDays (got ${until}). Choose a nearer day.`;
}

function* tokenCount(consumers: Consumers, today: Date): Problems {
    const living = consumers
        .flatMap((consumer) => consumer?.credentials ?? [])
        .filter(({ expires } = {}) => !expires || !day.safeParse(expires).success || daysUntil(expires, today) > 0);
    if (living.length > MOST_TOKENS)
        yield at(
            ["consumers"],
            `must have at most ${MOST_TOKENS} service tokens, Cloudflare's limit for an account (got ${living.length}). Remove some: give one token to each client system, not to each of its users.`,
        );
}
