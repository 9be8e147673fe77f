import { withChange, withExamples, type AddCommand } from "../../arguments";
import { convertTo, rehearse, type Rehearsal } from "../../convert/rehearse";
import { runCutover } from "../../cutover/commands/run";
import { askedChange, withVersion, type VersionArgs } from "./change";
import { upgrade } from "./cutover";

export const command: AddCommand = (modelUpgrade, context) =>
    withExamples(
        withVersion(
            withChange(modelUpgrade.command("rehearse"), "create the rehearsal stack, and remove it at the end"),
        ),
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
            ["converted", (context, stack) => convertTo("intra-b", context, stack)],
            ["upgraded", (context, stack) => runCutover(context, { stack }, upgrade(context, { ...version, stack }))],
        ],
    };
}
