import * as z from "zod";
import { isOlder, OLDEST_FOR_CLASSES } from "../../components/apisix/version";
import type { CallerClass } from "../../components/route/caller-classes";
import { ALPA_BATCH } from "../../components/route/request-guard";
import { at, type Problems, type Sound } from "../cross-check";
import type { ParsedGatewayOption } from "./gateway-option";
import { imageParts, positive, isDnsLabel, LABEL_LIMIT } from "../values";
import { didYouMean, got } from "../problems";
import { optional } from "../schema";

export const classes = optional(z.record(z.string(), positive("a number of slots")), {
    description:
        "Classes of callers by name, each with its slots: the number of prompts that all callers of the class together may have in progress at the server. Each Alpa service generates for 4 prompts at once.",
    examples: [{ batch: 2 }],
    unset: "no classes",
});

export const callerClass = z
    .string({ error: () => "must be the name of a class." })
    .optional()
    .meta({ description: "Class of the caller: a name in `classes`.", examples: ["batch"], unset: "no class" });

type Config = Sound<ParsedGatewayOption>;

export function* classChecks(config: Config): Problems {
    const { classes = {} } = config;
    yield* unknownClasses(config);
    for (const name of Object.keys(classes)) yield* ofClass(name, config);
    yield* tooManySlots(config);
    if (Object.keys(classes).length > 0) yield* wrongGateway(config);
}

function* unknownClasses({ consumers = [], classes = {} }: Config): Problems {
    const known = Object.keys(classes);
    for (const [i, one] of consumers.entries()) {
        const name = one?.class;
        if (name === undefined || known.includes(name)) continue;
        const hint = didYouMean(name, known) || " Choose one, or add it to classes.";
        if (known.length > 0)
            yield at`${["consumers", i, "class"]}: must be one of ${known.join(", ")}${got(name)}.${hint}`;
        else
            yield at`${["consumers", i, "class"]}: must be a name in classes, which is empty${got(name)}. Add the class there.`;
    }
}

function* ofClass(name: string, { classes, consumers = [], guard, openai }: Config): Problems {
    const where = ["classes", name];
    const slots = classes?.[name];
    const maxPrompts = openai === undefined ? guard?.maxPrompts : undefined;
    if (!isDnsLabel(name))
        yield at`${where}: the name must be a DNS label: a-z, 0-9 and -, no dots, at most ${LABEL_LIMIT} characters. Rename it.`;
    if (!consumers.some((one) => one?.class === name))
        yield at`${where}: has no callers. Set class: ${name} for a consumer, or remove the class.`;
    if (slots === undefined) return;
    if (maxPrompts !== undefined && slots >= 1 && slots < maxPrompts)
        yield at`${where}: must be at least guard.maxPrompts, ${maxPrompts} (got ${slots}). Raise it, or set guard.maxPrompts to ${slots} or less.`;
    for (const [i, one] of consumers.entries())
        // A budget of tokens has its own problem: it needs concurrent, and so no class.
        if (one?.class === name && one.limits?.concurrent !== undefined && one.limits.tokens === undefined)
            yield at`${["consumers", i, "limits", "concurrent"]}: must not be set with class ${name}, which has slots. APISIX applies either slots or concurrent to a caller. Remove concurrent, and set requests and perSeconds instead.`;
}

/** Checks that the slots of all classes fit into the batches of all Alpa services. */
function* tooManySlots({ alpa, classes = {} }: Config): Problems {
    const most = (alpa?.endpoints?.length ?? 0) * ALPA_BATCH;
    const slots = Object.entries(classes);
    if (most > 0 && slots.reduce((sum, [, one = 0]) => sum + one, 0) > most)
        yield at`${["classes"]}: must have at most ${most} slots in total, ${ALPA_BATCH} for each of alpa.endpoints (got ${slots.map((one) => one.join(" ")).join(", ")}). Lower them.`;
}

function* wrongGateway({ gateway: { installer, image = "" } = {} }: Config): Problems {
    if (installer === "existing")
        yield at`${["classes"]}: only valid for a gateway that this stack installs (got gateway.installer existing), because each pod of an existing gateway counts the requests of a class by itself. Remove it.`;
    else if (isOlder(imageParts(image).tag, OLDEST_FOR_CLASSES))
        yield at`${["gateway", "image"]}: must be APISIX ${OLDEST_FOR_CLASSES} or newer with classes${got(image)}. Older versions of APISIX count each caller of a class separately.`;
}

/** Number of open requests to /logprobs of a class. It is low because Alpa computes these requests one at a time. */
const OPEN_LOGPROBS = 1;

export function classSettings(config: ParsedGatewayOption): CallerClass[] | undefined {
    const shares = Object.entries(config.classes ?? {}).map(([name, slots]) => {
        const members = config.consumers.filter((one) => one.class === name).map((one) => one.name);
        if (config.openai !== undefined) return { name, members, completions: slots };
        return { name, members, completions: Math.floor(slots / config.guard.maxPrompts), logprobs: OPEN_LOGPROBS };
    });
    return shares.length === 0 ? undefined : shares;
}
