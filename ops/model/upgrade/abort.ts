import { withChange, withExamples, type AddCommand } from "../../arguments";
import { abortCutover } from "../../cutover/commands/abort";
import { upgradeModel, WORDS } from "./run";
import { status } from "./status";

export const command: AddCommand = (upgrade, context) =>
    withExamples(
        withChange(upgrade.command("abort"), "return, or tell the running upgrade to return"),
        "model upgrade abort --stack intra",
        "model upgrade abort --stack intra --yes",
    )
        .description(
            "Return to the old version: tell the running upgrade to return, or return from here if none is running",
        )
        .option("--take-over", "take over an upgrade whose machine is gone (default: fail)")
        .action((args) =>
            abortCutover(context, args, {
                kind: WORDS,
                status: () => status(context, args),
                goBack: () => upgradeModel(context, args, true),
            }),
        );
