import { writeFileSync } from "node:fs";
import { withChange, withExamples, type AddCommand } from "../arguments";
import { dryRun } from "../consent";
import type { Context } from "../context";
import { Failure } from "../errors";
import { json } from "../output";
import { findStack } from "../stack/stack";
import { holderOf, orderFile } from "./lock";
import { unhappy } from "./report";
import { convert, type RunArgs } from "./run";
import { status } from "./status";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("abort"), "return, or ask the running conversion to"),
        "convert abort --stack intra",
        "convert abort --stack intra --yes",
    )
        .description("Return to intra-a: the running conversion is asked to, or this command does it when none runs")
        .option("--take-over", "take over a conversion whose machine is gone (default: refuse)")
        .action((args) => abort(context, args));

export interface AbortArgs extends RunArgs {
    yes?: boolean;
}

/**
 * Asks the running process to return; without one, returns itself. Without --yes it only shows where the stack is.
 */
export async function abort(context: Context, args: AbortArgs): Promise<void> {
    if (!args.yes) {
        await status(context, args);
        return dryRun(context, "return to intra-a", args);
    }
    const { short } = await findStack(context, args.stack);
    const holder = holderOf(context.folder, short);
    if (holder === undefined) return returnFromHere(context, args);
    writeFileSync(orderFile(context.folder, short), "");
    if (args.json) return context.out(json({ stack: short, to: "intra-a", outcome: "asked", holder }));
    context.out(
        `Asked ${holder.who}, pid ${holder.pid} on ${holder.host}, to return to intra-a. Watch: npm run ops -- convert status --stack ${short}`,
    );
}

async function returnFromHere(context: Context, args: RunArgs): Promise<void> {
    const result = await convert(context, { ...args, to: "intra-a" }, true);
    if (result !== undefined && result.outcome !== "returned") throw new Failure(unhappy(result));
}
