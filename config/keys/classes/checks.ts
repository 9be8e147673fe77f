import { LEAST_NODES } from "../../../components/apisix/availability";
import { isTagBefore, type ApisixVersion } from "../../../components/apisix/version";
import { ALPA_BATCH } from "../../../components/route/request-guard";
import type { Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../../options/gateway/schema";
import type { Raw } from "../../options/option";
import { didYouMean } from "../../problems";
import { isGiven } from "../../unchecked";
import { dnsLabel, LABEL_LIMIT } from "../../values";

type Config = Sound<ParsedGatewayOption>;

/**
 * The oldest APISIX that counts all callers of a class together: older versions count consumers with limits separately
 * (apisix 3.18.0, limit-conn).
 */
const OLDEST_APISIX: ApisixVersion = [3, 18];

/**
 * Checks classes against the consumers in them.
 * @param given the config before parsing, which shows which keys are set
 */
export function classChecks(option: string, config: Config, given: Raw): string[] {
    const { classes = {} } = config;
    const hasShares = Object.values(classes).some((one) => one?.slots !== undefined);
    return [
        ...unknownClasses(config),
        ...Object.keys(classes).flatMap((name) => ofClass(name, config)),
        ...tooManySlots(config),
        ...(hasShares ? [...wrongGateway(config), ...uncounted(option, config, given)] : []),
    ];
}

function unknownClasses({ consumers = [], classes = {} }: Config): string[] {
    const known = Object.keys(classes);
    return consumers.flatMap((one, i) => {
        const name = one?.class;
        if (name === undefined || known.includes(name)) return [];
        const where = `consumers[${i}].class`;
        return known.length === 0
            ? [
                  `${where}: must be a name in classes, which is empty (got ${JSON.stringify(name)}). Add the class there.`,
              ]
            : [
                  `${where}: must be one of ${known.join(", ")} (got ${JSON.stringify(name)}).${didYouMean(name, known) || " Choose one, or add it to classes."}`,
              ];
    });
}

function ofClass(name: string, { classes, consumers = [], guard }: Config): string[] {
    const where = `classes.${name}`;
    const { slots, logprobs } = classes?.[name] ?? {};
    const maxPrompts = guard?.maxPrompts;
    const problems: string[] = [];
    if (!dnsLabel.safeParse(name).success)
        problems.push(
            `${where}: the name must be a DNS label: a-z, 0-9 and -, no dots, at most ${LABEL_LIMIT} characters. Rename it.`,
        );
    if (!consumers.some((one) => one?.class === name))
        problems.push(`${where}: has no callers. Set class: ${name} for a consumer, or remove the class.`);
    if (slots === undefined && logprobs !== undefined)
        problems.push(`${where}.logprobs: only valid with slots. Add slots, or remove it.`);
    if (slots === undefined) return problems;
    if (maxPrompts !== undefined && slots >= 1 && slots < maxPrompts)
        problems.push(
            `${where}.slots: must be at least ${maxPrompts}, the prompts that one request may have (guard.maxPrompts; got ${slots}). Raise it, or set guard.maxPrompts to ${slots} or less.`,
        );
    const limited = consumers.flatMap((one, i) =>
        one?.class === name && one.limits?.concurrent !== undefined ? [i] : [],
    );
    return [
        ...problems,
        ...limited.map(
            (i) =>
                `consumers[${i}].limits.concurrent: must not be set for a caller whose class has slots (class ${name}): APISIX counts the open requests of a caller for one limit only. Remove it, and set requests and perSeconds instead.`,
        ),
    ];
}

/** Checks that the slots of all classes fit into the batches of all Alpa services. */
function tooManySlots({ alpa, classes = {} }: Config): string[] {
    const services = alpa?.endpoints?.length ?? 0;
    const shares = Object.entries(classes).flatMap(([name, one]) =>
        one?.slots === undefined ? [] : [{ name, slots: one.slots }],
    );
    const there = services * ALPA_BATCH;
    if (services === 0 || shares.reduce((sum, { slots }) => sum + slots, 0) <= there) return [];
    const got = shares.map(({ name, slots }) => `${name} ${slots}`).join(", ");
    return [
        `classes: must have at most ${there} slots together, ${ALPA_BATCH} for each of alpa.endpoints (got ${got}). Lower them.`,
    ];
}

function wrongGateway({ gateway }: Config): string[] {
    if (gateway?.installer === "existing")
        return [
            "classes: slots need a gateway that this stack installs (got gateway.installer existing), since each pod of an existing gateway counts on its own. Remove slots.",
        ];
    const tag = gateway?.image?.tag;
    if (!isTagBefore(tag, OLDEST_APISIX)) return [];
    return [
        `gateway.image.tag: must be APISIX ${OLDEST_APISIX.join(".")} or newer with slots of classes (got ${JSON.stringify(tag)}). Older versions count each caller of a class separately.`,
    ];
}

/** Requires the counter server for slots with several replicas. If limits are set, the check of limits reports this. */
function uncounted(option: string, { gateway, limits, consumers = [] }: Config, given: Raw): string[] {
    const isSaid = limits !== undefined || consumers.some((one) => one?.limits !== undefined);
    const isSpread = option === "inter" || (gateway as { highAvailability?: boolean } | undefined)?.highAvailability;
    const replicas = isSpread && !isGiven(given, "gateway", "replicas") ? LEAST_NODES : (gateway?.replicas ?? 1);
    if (!(replicas > 1) || gateway?.sharedCounters !== undefined || isSaid) return [];
    return [
        `gateway.sharedCounters: required with slots of classes and more than one replica (got ${replicas}). Without it each pod counts on its own. Set it (to {} for the defaults).`,
    ];
}
