import { withExamples, withJson, withStack, type AddCommand } from "../arguments";
import { plan } from "../cutover/commands/plan";
import { conversion, targetOption } from "./cutover";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withJson(withStack(convert.command("plan"))),
        "convert plan --stack intra",
        "convert plan --stack intra --to intra-a --json",
    )
        .description(
            "Show the steps with their times, and every problem that prevents them; exit with 3 if there is one; changes nothing",
        )
        .addOption(targetOption("option to convert to (default: the one that the stack does not have)"))
        .action((args) => plan(context, args, conversion(context, args)));
