import { withChange, withExamples, type AddCommand } from "../../arguments";
import { abort } from "../../cutover/commands/abort";
import { upgrade } from "./cutover";

export const command: AddCommand = (modelUpgrade, context) =>
    withExamples(
        withChange(modelUpgrade.command("abort"), "return to the old version, or tell the running upgrade to return"),
        "model upgrade abort --stack intra",
        "model upgrade abort --stack intra --yes",
    )
        .description("Return to the old version: the running upgrade does it, or this command if none is running")
        .option("--take-over", "take over an upgrade whose machine is gone (default: fail)")
        .action((args) => abort(context, args, upgrade(context, args)));
