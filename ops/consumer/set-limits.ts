import { LIMITS, type Limits } from "../../components/consumers/limits";
import { label, withChange, withConsumer, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import type { Context } from "../context";
import { setFields } from "../stack/consumers-edit";
import { carryOut, reportChange, type Plan } from "../stack/apply/change";
import { limitsInWords } from "../stack/limits";
import { readStack, type ReadStack } from "../stack/settings";
import { LIMIT_OPTIONS, limitsGiven, withLimits, type LimitArgs } from "./options";
import { edit, lookUp } from "./plan";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withLimits(withChange(withConsumer(consumer.command("set-limits"))), "new limit of the caller", "unchanged"),
        "consumer set-limits team-b --requests 120 --per-seconds 60",
        "consumer set-limits team-b --clear --concurrent 4 --yes",
        "consumer set-limits team-b --max-tokens 4096 --tokens 2000000 --per-token-seconds 86400",
        "consumer set-limits night-jobs --class batch --clear",
    )
        .description("Change the limits of a caller, or its priority class; limits without an option do not change")
        .option(
            "--clear",
            "remove the caller's own limits first, so that those of the stack apply (default: keep them)",
        )
        .option(
            "--class <name>",
            "put the caller into this priority class, one of the stack's classes (default: unchanged)",
            label,
        )
        .option("--no-class", "remove the caller from its class (default: unchanged)")
        .action((name, args) => changeLimits(context, name, args));

interface SetLimitsArgs extends ChangeArgs, LimitArgs {
    /** Remove the caller's own limits first. */
    clear?: boolean;
    /** Class of the caller; false removes it from its class. Default: no change. */
    class?: string | false;
}

/** Changes the limits and the class of one caller in the config. Its credentials do not change. */
async function changeLimits(context: Context, name: string, args: SetLimitsArgs): Promise<void> {
    const stack = await readStack(context, args.stack);
    const change = await carryOut(context, stack, planSetLimits(stack, name, args), args);
    reportChange(context, args, change, [`Next: npm run ops -- consumer show ${name}${stack.flag}`]);
}

function planSetLimits(stack: ReadStack, name: string, args: SetLimitsArgs): Plan {
    const { consumer, problems } = lookUp(stack, name);
    const given = limitsGiven(args);
    if (given === undefined && !args.clear && args.class === undefined)
        problems.push(`${LIMIT_OPTIONS}, --clear, --class: at least one is required. Say what to change.`);
    if (!consumer || problems.length > 0) return { problems, effects: [] };
    const fields: { limits?: object; class?: string } = {};
    const effects: string[] = [];
    if (given !== undefined || args.clear) {
        const before: Limits = consumer.limits ?? {};
        const after: Limits = { ...(args.clear ? {} : before), ...given };
        const unset = Object.fromEntries(LIMITS.map((limit) => [limit, undefined]));
        fields.limits = Object.keys(after).length === 0 ? undefined : { ...unset, ...after };
        effects.push(`Own limits of ${name}: ${limitsInWords(before)} -> ${limitsInWords(after)}.`);
    }
    if (args.class !== undefined) {
        const named = args.class || undefined;
        fields.class = named;
        effects.push(`Class of ${name}: ${consumer.class ?? "none"} -> ${named ?? "none"}.`);
    }
    return {
        ...edit(stack, name, (text) => setFields(text, [name], fields)),
        problems,
        effects: [`${effects.join(" ")} Credentials: unchanged.`],
    };
}
