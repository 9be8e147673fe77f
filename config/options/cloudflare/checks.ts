import { answerTimeProblems } from "../../keys/answer-time";
import { daysUntil, day, DEFAULT_TOKEN_OVERLAP_DAYS } from "../../keys/consumers/credentials";
import { duplicateNames, list, mapping } from "../../cross-checks";
import { readZoneData, serviceProblems, type ZoneData } from "../../keys/dns/settings";
import { planProblems } from "../../keys/plans";
import { sshHostProblems } from "../../keys/hosts/ssh-host";

/** Cloudflare's limit for an account. */
const MOST_TOKENS = 50;
/** Cloudflare's limit for an Access application. */
const MOST_HOSTNAMES = 5;
/** Cloudflare's limit for a tunnel. */
const MOST_CONNECTORS = 25;
const LAST_PORT = 65535;

type Raw = Record<string, unknown>;

/**
 * What the schema cannot say of option cloudflare: values that only make sense together. Reads unchecked values, so that
 * nothing hides another problem.
 * @param data the zone's data, where the config names some
 * @param isSecret whether a key of the stack config is stored encrypted
 */
export function cloudflareChecks(
    values: Raw,
    data: ZoneData,
    isSecret: (key: string, value?: unknown) => boolean,
    today: Date,
): string[] {
    const [zone, alpa, tunnel, rateLimit] = [values.zone, values.alpa, values.tunnel, values.rateLimit].map(mapping);
    const consumers = list(values.consumers).map(mapping);
    return [
        ...hostnameProblems(values, zone.name),
        ...planProblems(zone.plan, rateLimit, values.proxyTimeoutSeconds),
        ...answerTimeProblems(alpa, values.proxyTimeoutSeconds, tunnel.graceSeconds),
        ...sshHostProblems(
            "tunnel.hosts",
            list(tunnel.hosts).map(mapping),
            (value) => isSecret("tunnel", value),
            "For more connectors raise tunnel.connectorsPerHost.",
        ),
        ...connectorProblems(tunnel),
        ...(mapping(values.edgeWorker).enabled === false && alpa.defaultModel !== undefined
            ? [
                  "alpa.defaultModel: has no effect with edgeWorker.enabled false: only the Worker fills a model in. Remove one of them.",
              ]
            : []),
        ...duplicateNames(consumers),
        ...rotationProblems(consumers, values.maxOverlapDays ?? DEFAULT_TOKEN_OVERLAP_DAYS, today),
        ...tokenCount(consumers, today),
        ...data.problems,
        ...serviceProblems(
            data.records,
            [values.hostname, ...list(values.aliases)].map(String),
            "dns.records",
            zone.name,
        ),
    ];
}

/** @param zone name of the zone; anything else is not looked at */
export function hostnameProblems(values: Raw, zone: unknown): string[] {
    const aliases = list(values.aliases);
    const names: [where: string, name: unknown][] = [
        ["hostname", values.hostname],
        ...aliases.map((name, i): [string, unknown] => [`aliases[${i}]`, name]),
    ];
    const problems: string[] = [];
    if (names.length > MOST_HOSTNAMES)
        problems.push(
            `aliases: must be at most ${MOST_HOSTNAMES - 1}, with hostname Cloudflare's ${MOST_HOSTNAMES} for one application (got ${aliases.length}). Remove some.`,
        );
    for (const [i, [where, name]] of names.entries()) {
        if (typeof name !== "string" || typeof zone !== "string") continue;
        const first = names.findIndex(([, other]) => other === name);
        if (first < i) problems.push(`${where}: must be named once (${names[first][0]} is the same). Remove it.`);
        if (name !== zone && !name.endsWith(`.${zone}`))
            problems.push(`${where}: must lie in zone ${zone} (got ${JSON.stringify(name)}). Correct one of them.`);
        else if (name !== zone && name.slice(0, -zone.length - 1).includes(".") && values.certificate !== "advanced")
            problems.push(
                `${where}: must be one level below ${zone}, as far as the zone's own certificate goes (got ${JSON.stringify(name)}). Shorten it, or order a certificate for it and set certificate to advanced.`,
            );
    }
    return problems;
}

/** Each connector counts at Cloudflare, and has a port of its own on its host. */
function connectorProblems({ hosts, connectorsPerHost: each = 2 }: Raw): string[] {
    if (typeof each !== "number") return []; // the schema says so
    const all = list(hosts).map(mapping);
    const problems: string[] = [];
    if (all.length * each > MOST_CONNECTORS)
        problems.push(
            `tunnel: must have at most ${MOST_CONNECTORS} connectors, Cloudflare's limit for a tunnel (got ${all.length * each}: ${all.length} host${all.length === 1 ? "" : "s"} with ${each} each). Lower tunnel.connectorsPerHost, or have fewer hosts.`,
        );
    const last = LAST_PORT - each + 1;
    for (const [i, { metricsPort }] of all.entries())
        if (typeof metricsPort === "number" && metricsPort > last && metricsPort <= LAST_PORT)
            problems.push(
                `tunnel.hosts[${i}].metricsPort: must be at most ${last}, since ${each} connectors take the ports from there on (got ${metricsPort}). Lower it.`,
            );
    return problems;
}

/** The zone's data that a config names. @param folder where the stack file is */
export function zoneData(values: Raw, folder: string): ZoneData {
    const { records } = mapping(values.dns);
    const { name } = mapping(values.zone);
    if (typeof records !== "string" || records === "" || typeof name !== "string")
        return { records: [], problems: [], warnings: [] };
    return readZoneData(records, name, folder);
}

/** The provider takes version and date together or not at all, and is never to see them go. */
function rotationProblems(consumers: Raw[], longest: unknown, today: Date): string[] {
    return consumers.flatMap((consumer, i) =>
        list(consumer.credentials).flatMap((entry, j) => {
            const { secretVersion: version, previousSecretExpires: until } = mapping(entry);
            const where = `consumers[${i}].credentials[${j}]`;
            if (typeof version === "number" && version > 1 && until === undefined)
                return [
                    `${where}.previousSecretExpires: required with secretVersion ${version}. Name the day from which the secret before is refused; keep a day that is over.`,
                ];
            if (until !== undefined && (version === undefined || version === 1))
                return [
                    `${where}.previousSecretExpires: belongs to a secretVersion of at least 2. Raise secretVersion for a new secret, or remove it.`,
                ];
            const known = day.safeParse(until).success && typeof longest === "number";
            if (known && daysUntil(until as string, today) > longest)
                return [
                    `${where}.previousSecretExpires: must be at most ${longest} days away, the stack's maxOverlapDays (got ${String(until)}). Choose a nearer day.`,
                ];
            return [];
        }),
    );
}

function tokenCount(consumers: Raw[], today: Date): string[] {
    const living = consumers
        .flatMap((consumer) => list(consumer.credentials).map(mapping))
        .filter(({ expires }) => !day.safeParse(expires).success || daysUntil(expires as string, today) > 0);
    if (living.length <= MOST_TOKENS) return [];
    return [
        `consumers: must have at most ${MOST_TOKENS} service tokens, Cloudflare's limit for an account (got ${living.length}). Remove some; a token is for a client system, not for each of its users.`,
    ];
}
