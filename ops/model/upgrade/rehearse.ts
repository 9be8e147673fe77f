import { withChange, withExamples, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { rehearse, type Rehearsal } from "../../convert/rehearse";
import { convert } from "../../convert/run";
import { askedChange, withVersion, type VersionArgs } from "./change";
import { upgradeModel } from "./run";

export const command: AddCommand = (upgrade, context) =>
    withExamples(
        withVersion(withChange(upgrade.command("rehearse"), "create the rehearsal stack, and remove it at the end")),
        "model upgrade rehearse --stack intra --image registry.example.com/alpa-serving:1.1.0",
        "model upgrade rehearse --stack intra --image registry.example.com/alpa-serving:1.1.0 --yes",
    )
        .description(
            "Rehearse the upgrade with the small model of a separate stack (convert.rehearsal); does not change this stack",
        )
        .action((args) => rehearse(context, args, withVersionOf(args)));

/** Converts the rehearsal stack with the small model, and then upgrades it to the new version. */
function withVersionOf(args: VersionArgs): Rehearsal {
    const { image, model, parametersBillion, rayVersion, weightsPath, weightsClaim, command, answers } = args;
    const version = { image, model, parametersBillion, rayVersion, weightsPath, weightsClaim, command, answers };
    return {
        does: "move the small model into the cluster and upgrade it",
        done: "conversion and upgrade",
        kinds: ["convert", "model-upgrade"],
        problems: (text) => askedChange(version, text).problems,
        acts: [
            ["converted", (context: Context, stack) => convert(context, { stack, to: "intra-b" })],
            ["upgraded", (context: Context, stack) => upgradeModel(context, { ...version, stack })],
        ],
    };
}
