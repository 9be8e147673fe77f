/** Orders the running process to return, or returns in this process if none is running. */
import { writeFileSync } from "node:fs";
import type { Context } from "../../context";
import { dryRun } from "../../consent";
import { Failure, UsageError } from "../../errors";
import { json } from "../../output";
import { findStack } from "../../stack/stack";
import type { Kind } from "../kind";
import { holderOf, orderFile } from "../lock";
import { unhappy, type Ended } from "./report";

export interface AbortArgs {
    stack?: string;
    yes?: boolean;
    json?: boolean;
}

export interface Aborting {
    kind: Kind;
    /** Shows the stack's phase. */
    status(): Promise<void>;
    /** Returns from this process. */
    goBack(): Promise<Ended | undefined>;
}

/** Aborts a cutover. Without --yes it only shows the stack's phase. */
export async function abortCutover(
    context: Context,
    args: AbortArgs,
    { kind, status, goBack }: Aborting,
): Promise<void> {
    const { command, before } = kind;
    if (!args.yes) {
        await status();
        return dryRun(context, `return to ${before}`, args);
    }
    const { short } = await findStack(context, args.stack);
    const holder = holderOf(context.folder, short);
    if (holder === undefined) {
        const result = await goBack();
        if (result !== undefined && result.outcome !== "returned") throw new Failure(unhappy(kind, result));
        return;
    }
    // The order would abort the cutover of another command.
    const { command: other = command } = holder;
    if (other !== command)
        throw new UsageError([
            `${command} abort: the running command is ${other} (of ${holder.who} since ${holder.since}, pid ${holder.pid} on ${holder.host}). Run: npm run ops -- ${other} abort --yes --stack ${short}`,
        ]);
    writeFileSync(orderFile(context.folder, short), "");
    if (args.json) return context.out(json({ stack: short, to: before, outcome: "asked", holder }));
    context.out(
        `Told the process of ${holder.who}, pid ${holder.pid} on ${holder.host}, to return to ${before}. Watch: npm run ops -- ${command} status --stack ${short}`,
    );
}
