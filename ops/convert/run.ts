import { withChange, withExamples, type AddCommand } from "../arguments";
import { run } from "../cutover/commands/run";
import { conversion, targetOption } from "./cutover";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("run"), "convert, or continue a conversion"),
        "convert run --stack intra",
        "convert run --stack intra --to intra-a --yes",
    )
        .description("Convert, or continue a conversion; rolls back to intra-a when a step fails or time runs out")
        .addOption(targetOption("option to convert to (default: intra-b, or the target of the running conversion)"))
        .option(
            "--take-over",
            "continue a conversion that another machine has begun, if that machine is gone (default: fail)",
        )
        .action((args) => run(context, args, conversion(context, args)));
