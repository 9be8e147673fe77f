import type { Limits } from "../../components/consumers/limits";
import { withChange, withConsumer, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import type { Context } from "../context";
import { setLimits } from "../stack/consumers-edit";
import { carryOut, reportChange, type Plan } from "../stack/file-edit";
import { limitsInWords, ownLimits } from "../stack/limits";
import { findStack, type Stack } from "../stack/stack";
import { limitsGiven, withLimits, type LimitArgs } from "./limit-options";
import { edit, lookUp } from "./plan";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withLimits(withChange(withConsumer(consumer.command("set-limits"))), "new limit of the caller", "as it is"),
        "consumer set-limits team-b --requests 120 --per-seconds 60",
        "consumer set-limits team-b --clear --concurrent 4 --yes",
    )
        .description("Change the limits of a caller; those that are not given stay as they are")
        .option("--clear", "remove the caller's own limits first, so that those of the stack hold (default: keep them)")
        .action((name, args) => changeLimits(context, name, args));

export interface SetLimitsArgs extends ChangeArgs, LimitArgs {
    /** Begin without the limits that the caller has of its own. */
    clear?: boolean;
}

/** Changes what the config says of one caller's limits; no credential is touched. */
export async function changeLimits(context: Context, name: string, args: SetLimitsArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const change = await carryOut(context, stack, planSetLimits(stack, name, args), args);
    reportChange(context, args, change, [`Next: npm run ops -- consumer show ${name}`]);
}

function planSetLimits(stack: Stack, name: string, args: SetLimitsArgs): Plan {
    const { consumer, problems } = lookUp(stack, name);
    const given = limitsGiven(args);
    if (given === undefined && !args.clear)
        problems.push(
            "--requests, --per-seconds, --concurrent, --clear: must not all be missing. Say what is to change.",
        );
    if (!consumer || problems.length > 0) return { problems, effects: [] };
    const before = ownLimits(stack, name);
    const after: Limits = { ...(args.clear ? {} : before), ...given };
    return {
        ...edit(stack, name, (text) => setLimits(text, name, after)),
        problems,
        effects: [
            `Own limits of ${name}: ${limitsInWords(before)} -> ${limitsInWords(after)}. Credentials: as before.`,
        ],
    };
}
