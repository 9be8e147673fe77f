import { withChange, withExamples, type AddCommand } from "../../arguments";
import { abort } from "../../cutover/commands/abort";
import { upgrade } from "./cutover";

export const command: AddCommand = (modelUpgrade, context) =>
    withExamples(
        withChange(modelUpgrade.command("abort"), "roll back to the old version, or tell the running upgrade to do so"),
        "model upgrade abort --stack intra",
        "model upgrade abort --stack intra --yes",
    )
        .description("Roll back to the old version: by the running upgrade or, if there is none, by this command")
        .option("--take-over", "take over an upgrade whose machine is gone (default: fail)")
        .action((args) => abort(context, args, upgrade(context, args)));
