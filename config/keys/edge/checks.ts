import { isWithin } from "../../../dns/names";
import { at, type Path, type Problems } from "../../cross-check";
import { got, pathText } from "../../problems";
import { repeats } from "../../values";
import { DEFAULT_PROXY_TIMEOUT, PLANS, type Plan } from "./schema";

/** Cloudflare's limit of host names in an Access application. */
const MOST_HOSTNAMES = 5;
/** Longest window of a rate limit in each plan, in seconds (Cloudflare's table of rate limiting rules). */
const LONGEST_WINDOW: Record<Plan, number> = { free: 10, pro: 60, business: 600, enterprise: 3600 };

/** Keys that option `cloudflare` and exposure `tunnel` have. */
interface Edge {
    hostname?: string;
    aliases?: (string | undefined)[];
    zone?: { name?: string; plan?: Plan };
    rateLimit?: { perSeconds?: number };
    proxyTimeoutSeconds?: number;
    alpa?: { answerTimeoutSeconds?: number };
    openai?: { silenceSeconds?: number };
}

/** Checks the keys of a stack behind Cloudflare's edge against each other. */
export function* edgeChecks(config: Edge): Problems {
    yield* hostnameProblems(config);
    yield* planProblems(config);
    yield* answerTimeProblems(config);
}

/** Checks that every host name is in the zone. */
function* hostnameProblems({ hostname, aliases = [], zone: { name: zone } = {} }: Edge): Problems {
    const names: [where: Path, name?: string][] = [
        [["hostname"], hostname],
        ...aliases.map((name, i): [Path, string?] => [["aliases", i], name]),
    ];
    if (names.length > MOST_HOSTNAMES)
        yield at(
            ["aliases"],
            `must have at most ${MOST_HOSTNAMES - 1} names (got ${aliases.length}): with hostname, Cloudflare allows ${MOST_HOSTNAMES} names in one application. Remove some.`,
        );
    for (const [i, first] of repeats(names.map(([, name]) => name)))
        yield at(names[i][0], `must be listed only once (${pathText(names[first][0])} is the same). Remove it.`);
    for (const [where, name] of names)
        if (name !== undefined && zone !== undefined && !isWithin(name, zone))
            yield at(where, `must be in zone ${zone}${got(name)}. Correct one of them.`);
}

/** Warns about names that the universal certificate of the zone does not cover: it has the zone and names one level below it. */
export function deepNameWarnings(names: string[], zone: string): string[] {
    return names
        .filter((name) => name !== zone && name.slice(0, -zone.length - 1).includes("."))
        .map(
            (name) =>
                `hostname: ${name} is more than one level below ${zone}, so the universal certificate does not cover it. Order a certificate for this name.`,
        );
}

/** Reports settings that the plan does not include. */
function* planProblems({ zone, rateLimit, proxyTimeoutSeconds = DEFAULT_PROXY_TIMEOUT }: Edge): Problems {
    const has = zone?.plan;
    if (has === undefined) return;
    const window = rateLimit?.perSeconds ?? 0;
    const least = PLANS.find((one) => window <= LONGEST_WINDOW[one]);
    if (window > LONGEST_WINDOW[has] && least)
        yield at(
            ["rateLimit", "perSeconds"],
            `must be at most ${LONGEST_WINDOW[has]} with plan ${has} (got ${window}). Lower it, or order plan ${least}.`,
        );
    if (proxyTimeoutSeconds !== DEFAULT_PROXY_TIMEOUT && has !== "enterprise")
        yield at(
            ["proxyTimeoutSeconds"],
            `must be ${DEFAULT_PROXY_TIMEOUT} with plan ${has} (got ${proxyTimeoutSeconds}). Another value needs plan enterprise.`,
        );
}

/** Checks that the longest answer fits into the timeout of the edge: Alpa sends nothing before an answer is complete. */
function* answerTimeProblems({ alpa, openai, proxyTimeoutSeconds: limit = DEFAULT_PROXY_TIMEOUT }: Edge): Problems {
    const answer = alpa?.answerTimeoutSeconds ?? openai?.silenceSeconds;
    if (answer !== undefined && answer > limit)
        yield at(
            openai ? ["openai", "silenceSeconds"] : ["alpa", "answerTimeoutSeconds"],
            `must be at most ${limit}, after which the edge answers 524 (got ${answer}). Lower it, or raise proxyTimeoutSeconds, which needs plan enterprise.`,
        );
}
