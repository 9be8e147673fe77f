import { withChange, withExamples, type AddCommand } from "../../arguments";
import { run } from "../../cutover/commands/run";
import { withVersion } from "./change";
import { upgrade } from "./cutover";

export const command: AddCommand = (modelUpgrade, context) =>
    withExamples(
        withVersion(withChange(modelUpgrade.command("run"), "upgrade, or continue an upgrade")),
        "model upgrade run --stack intra --image registry.example.com/alpa-serving:1.1.0",
        "model upgrade run --stack intra --image registry.example.com/alpa-serving:1.1.0 --yes",
        "model upgrade run --stack intra --yes",
    )
        .description(
            "Upgrade, or continue an upgrade; rolls back to the old version when a step fails or time runs out",
        )
        .option(
            "--take-over",
            "continue an upgrade that another machine has begun, if that machine is gone (default: fail)",
        )
        .action((args) => run(context, args, upgrade(context, args)));
