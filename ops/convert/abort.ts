import { withChange, withExamples, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { abortCutover, type AbortArgs } from "../cutover/commands/abort";
import { CONVERSION } from "./kind";
import { convert, type RunArgs } from "./run";
import { status } from "./status";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("abort"), "return, or tell the running conversion to return"),
        "convert abort --stack intra",
        "convert abort --stack intra --yes",
    )
        .description("Return to intra-a: tell the running conversion to return, or return from here if none is running")
        .option("--take-over", "take over a conversion whose machine is gone (default: fail)")
        .action((args) => abort(context, args));

function abort(context: Context, args: RunArgs & AbortArgs): Promise<void> {
    return abortCutover(context, args, {
        kind: CONVERSION,
        status: () => status(context, args),
        goBack: () => convert(context, { ...args, to: "intra-a" }, true),
    });
}
