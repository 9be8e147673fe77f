import { isOlder, OLDEST_FOR_CLASSES } from "../../../components/apisix/version";
import { ALPA_BATCH } from "../../../components/route/request-guard";
import type { Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";
import { didYouMean } from "../../problems";
import { imageParts } from "../images";
import { dnsLabel, LABEL_LIMIT } from "../../values";

type Config = Sound<ParsedGatewayOption>;

/** Checks the classes together with the consumers that belong to them. */
export function classChecks(config: Config): string[] {
    const { classes = {} } = config;
    return [
        ...unknownClasses(config),
        ...Object.keys(classes).flatMap((name) => ofClass(name, config)),
        ...tooManySlots(config),
        ...(Object.keys(classes).length > 0 ? wrongGateway(config) : []),
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

function ofClass(name: string, { classes, consumers = [], guard, openai }: Config): string[] {
    const where = `classes.${name}`;
    const slots = classes?.[name];
    const maxPrompts = openai === undefined ? guard?.maxPrompts : undefined;
    const problems: string[] = [];
    if (!dnsLabel.safeParse(name).success)
        problems.push(
            `${where}: the name must be a DNS label: a-z, 0-9 and -, no dots, at most ${LABEL_LIMIT} characters. Rename it.`,
        );
    if (!consumers.some((one) => one?.class === name))
        problems.push(`${where}: has no callers. Set class: ${name} for a consumer, or remove the class.`);
    if (slots === undefined) return problems;
    if (maxPrompts !== undefined && slots >= 1 && slots < maxPrompts)
        problems.push(
            `${where}: must be at least guard.maxPrompts, ${maxPrompts} (got ${slots}). Raise it, or set guard.maxPrompts to ${slots} or less.`,
        );
    const limited = consumers.flatMap((one, i) =>
        // A budget of tokens has its own problem: it needs concurrent, and so no class.
        one?.class === name && one.limits?.concurrent !== undefined && one.limits.tokens === undefined ? [i] : [],
    );
    return [
        ...problems,
        ...limited.map(
            (i) =>
                `consumers[${i}].limits.concurrent: must not be set with class ${name}, which has slots. APISIX applies either slots or concurrent to a caller. Remove concurrent, and set requests and perSeconds instead.`,
        ),
    ];
}

/** Checks that the slots of all classes fit into the batches of all Alpa services. */
function tooManySlots({ alpa, classes = {} }: Config): string[] {
    const services = alpa?.endpoints?.length ?? 0;
    const there = services * ALPA_BATCH;
    if (services === 0 || Object.values(classes).reduce<number>((sum, slots = 0) => sum + slots, 0) <= there) return [];
    const got = Object.entries(classes)
        .map(([name, slots]) => `${name} ${slots}`)
        .join(", ");
    return [
        `classes: must have at most ${there} slots in total, ${ALPA_BATCH} for each of alpa.endpoints (got ${got}). Lower them.`,
    ];
}

function wrongGateway({ gateway }: Config): string[] {
    if (gateway?.installer === "existing")
        return [
            "classes: only valid for a gateway that this stack installs (got gateway.installer existing), because each pod of an existing gateway counts the requests of a class by itself. Remove it.",
        ];
    const { tag } = imageParts(gateway?.image ?? "");
    if (!isOlder(tag, OLDEST_FOR_CLASSES)) return [];
    return [
        `gateway.image: must be APISIX ${OLDEST_FOR_CLASSES} or newer with classes (got ${JSON.stringify(gateway?.image)}). Older versions of APISIX count each caller of a class separately.`,
    ];
}
