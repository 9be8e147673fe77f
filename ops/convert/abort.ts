import { withChange, withExamples, type AddCommand } from "../arguments";
import { abort } from "../cutover/commands/abort";
import { conversion } from "./cutover";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("abort"), "roll back to intra-a, or tell the running conversion to do so"),
        "convert abort --stack intra",
        "convert abort --stack intra --yes",
    )
        .description("Roll back to intra-a: by the running conversion or, if there is none, by this command")
        .option("--take-over", "take over a conversion whose machine is gone (default: fail)")
        .action((args) => abort(context, args, conversion(context, args)));
