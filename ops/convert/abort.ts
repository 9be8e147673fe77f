import { writeFileSync } from "node:fs";
import { withApply, withJson, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { Failure } from "../errors";
import { findStack } from "../stack/stack";
import { holderOf, orderFile } from "./lock";
import { unhappy } from "./report";
import { convert, type RunArgs } from "./run";
import { status } from "./status";

export const command: AddCommand = (convert, context) =>
    withApply(withJson(convert.command("abort")), "return, or ask whoever is at work to")
        .description("Return to intra-a: the running conversion is asked to, or this command does it when none runs")
        .option("--take-over", "take over a conversion whose machine is gone")
        .action((args) => abort(context, args));

export interface AbortArgs extends RunArgs {
    apply?: boolean;
}

/** Asks the one who is at work to return; where nobody is, returns itself. Shows where the stack is, until it is to be done. */
export async function abort(context: Context, args: AbortArgs): Promise<void> {
    if (!args.apply) {
        await status(context, args);
        return context.note("\nDry run: nothing was changed. Add --apply to return to intra-a.");
    }
    const { short } = await findStack(context, args.stack);
    const holder = holderOf(context.folder, short);
    if (holder === undefined) return returnFromHere(context, args);
    writeFileSync(orderFile(context.folder, short), "");
    context.out(
        `Asked ${holder.who}, pid ${holder.pid} on ${holder.host}, to return to intra-a. Watch: npm run ops -- convert status --stack ${short}`,
    );
}

async function returnFromHere(context: Context, args: RunArgs): Promise<void> {
    const result = await convert(context, { ...args, to: "intra-a" }, true);
    if (result !== undefined && result.outcome !== "returned") throw new Failure(unhappy(result));
}
