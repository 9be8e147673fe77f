/** `convert abort`: returns to intra-a. */
import { BEFORE } from "../../components/opt/conversion-phases";
import { withChange, withExamples, type AddCommand } from "../arguments";
import { dryRun } from "../consent";
import { runConversion, TAKE_OVER } from "./run";
import { status } from "./status";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("abort"), "return to intra-a"),
        "convert abort --stack intra",
        "convert abort --stack intra --yes",
    )
        .description(
            "Return to intra-a from a conversion that is under way, but not from one that runs (press Ctrl-C there)",
        )
        .option(...TAKE_OVER)
        .action(async (args) => {
            if (args.yes) return runConversion(context, { ...args, to: BEFORE, onlyUnderWay: true });
            await status(context, args);
            dryRun(context, `return to ${BEFORE}`, args);
        });
