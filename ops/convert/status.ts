import { withExamples, withJson, withStack, type AddCommand } from "../arguments";
import { status } from "../cutover/commands/status";
import { conversion } from "./cutover";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withJson(withStack(convert.command("status"))),
        "convert status --stack intra",
        "convert status --json",
    )
        .description("Show the phase of a conversion, since when callers get 503, and the next step")
        .action((args) => status(context, args, conversion(context, args)));
