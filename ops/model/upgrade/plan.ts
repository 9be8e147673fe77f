import { withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import { plan } from "../../cutover/commands/plan";
import { withVersion } from "./change";
import { upgrade } from "./cutover";

export const command: AddCommand = (modelUpgrade, context) =>
    withExamples(
        withVersion(withJson(withStack(modelUpgrade.command("plan")))),
        "model upgrade plan --stack intra --image registry.example.com/alpa-serving:1.1.0",
        "model upgrade plan --stack intra --model alpa/opt-66b --weights-path /data/opt-66b --json",
    )
        .description(
            "Show the steps with their times, and every problem that prevents them; exit with 3 if there is one; changes nothing",
        )
        .action((args) => plan(context, args, upgrade(context, args)));
