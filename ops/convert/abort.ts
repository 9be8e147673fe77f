import { withChange, withExamples, type AddCommand } from "../arguments";
import { abort } from "../cutover/commands/abort";
import { conversion } from "./cutover";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("abort"), "return to intra-a, or tell the running conversion to return"),
        "convert abort --stack intra",
        "convert abort --stack intra --yes",
    )
        .description("Return to intra-a: the running conversion does it, or this command if none is running")
        .option("--take-over", "take over a conversion whose machine is gone (default: fail)")
        .action((args) => abort(context, args, conversion(context, args)));
