import { withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import { status } from "../../cutover/commands/status";
import { upgrade } from "./cutover";

export const command: AddCommand = (modelUpgrade, context) =>
    withExamples(
        withJson(withStack(modelUpgrade.command("status"))),
        "model upgrade status --stack intra",
        "model upgrade status --json",
    )
        .description("Show the phase of an upgrade, since when callers get 503, and the next step")
        .action((args) => status(context, args, upgrade(context, args)));
