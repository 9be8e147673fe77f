/** Reads the state of an upgrade of the model, with its old and new version. */
import { placeIn as convertedTo } from "../../convert/stack-edit";
import type { Context } from "../../context";
import { isOver, records, type Conversion, type ModelChange } from "../../cutover/audit";
import { cutoverState, outputsOf, type CutoverState } from "../../cutover/read-state";
import { UsageError } from "../../errors";
import { findStack, type Outputs, type Stack } from "../../stack/stack";
import { readValue } from "../../stack/stack-file";
import { askedChange, asksForVersion, changeIn, describeChange, type VersionArgs } from "./change";
import { NO_CHANGE, upgradeOf } from "./kind";

export interface UpgradeState extends CutoverState {
    change: ModelChange;
}

/**
 * @param args options that name the new version. While an upgrade is in progress, the record names the version
 * @throws UsageError if the stack's model cannot be upgraded
 */
export async function readState(context: Context, args: VersionArgs & { stack?: string }): Promise<UpgradeState> {
    const stack = await findStack(context, args.stack);
    const folder = context.folder;
    const known =
        underWay(records({ folder, kind: "model-upgrade" }, stack.short)) ?? changeIn(stack.text, args.answers);
    const asked = asksForVersion(args) ? askedChange(args, stack.text) : { change: NO_CHANGE, problems: [] };
    const option = readValue(stack.text, "option");
    if (option !== "intra-b")
        throw new UsageError([
            `--stack: must have option intra-b, where Alpa runs in the cluster (${stack.short} has option ${String(option)}). Name another stack.`,
            ...asked.problems,
        ]);
    const problems = known === undefined ? asked.problems : another(known, args);
    const outputs = await outputsOf(context, stack);
    if (known === undefined) {
        problems.push(...unknown(stack, outputs));
        const phases = [convertedTo(stack.text), outputs.conversion?.phase].filter((phase) => phase !== "done");
        const converting = records({ folder, kind: "convert" }, stack.short).at(-1);
        const unfinished = converting !== undefined && !isOver(converting);
        if (phases.length > 0 || unfinished)
            problems.push(
                `convert.phase: must be done, with no conversion in progress (got ${phases[0] ?? "a conversion that did not end"}). Finish the conversion, or roll it back: npm run ops -- convert status --stack ${stack.short}`,
            );
    }
    const change = known ?? asked.change;
    return { ...(await cutoverState(context, upgradeOf(change), stack, outputs)), change, problems };
}

/** Problem of an upgrade whose versions are unknown: a rollback would leave `opt.upgrade` with only a phase, which is invalid. */
function unknown({ short }: Stack, { conversion }: Outputs): string[] {
    const phase = conversion?.upgrade;
    if (phase === undefined) return [];
    return [
        `opt.upgrade: must name the new version (the last run reached ${phase}, and no record in this clone names the version). Copy the stack file from the machine that ran the upgrade, or restore the one that was applied: pulumi config refresh --force --stack ${short}`,
    ];
}

/** The change of the upgrade in progress, from its record. */
function underWay(all: Conversion[]): ModelChange | undefined {
    const last = all.at(-1);
    if (last === undefined || isOver(last)) return undefined;
    return last.entries.flatMap((entry) => (entry.event === "begin" && entry.change ? [entry.change] : []))[0];
}

/**
 * Problems of options that contradict the upgrade in progress. This upgrade must end before one to another version begins.
 */
function another(known: ModelChange, args: VersionArgs): string[] {
    const answers = known.sameAnswers ? "same" : "any";
    const problems =
        args.answers === undefined || args.answers === answers
            ? []
            : [
                  `--answers: must not change while an upgrade is under way (it began with ${answers}). Run the command without --answers, or roll back: npm run ops -- model upgrade abort --yes`,
              ];
    if (!asksForVersion(args)) return problems;
    return [
        ...problems,
        `--image: must not name a version while an upgrade is under way (${describeChange(known).join("; ")}). Run the command without --image, or roll back: npm run ops -- model upgrade abort --yes`,
    ];
}
