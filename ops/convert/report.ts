/** Reports to the operator how a conversion has ended. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { conversionStateFile } from "../../config/conversion-state";
import type { Context } from "../context";
import { json, shownPath } from "../output";
import { committable } from "../stack/history/commits";
import { duration } from "./clock";
import type { Result } from "./runner/interfaces";
import { byHand, descriptionOf } from "./descriptions";
import { BEFORE, TARGET, nameOf, type Step } from "./phases";
import type { FoundConversion } from "./read-state";

/** A conversion that has ended or was stopped. */
export interface Ended extends Result {
    /** Target of the conversion. */
    to: string;
    stack: string;
    file: string;
}

/** Prints the outcome. */
export async function report(context: Context, args: { json?: boolean }, result: Ended): Promise<void> {
    const { outcome, place, downSeconds, why, file, stack, to } = result;
    if (args.json)
        return context.out(json({ stack, to, outcome, place, downSeconds, ...(why ? { why } : {}), record: file }));
    // The first requests of `drain` are still answered, which the records do not show.
    const down = `Callers got 503 for at most ${duration(downSeconds)}.`;
    if (outcome === "converted") context.out(`\nDone: ${stack} has option ${TARGET}. ${down}`);
    else if (outcome === "returned")
        context.out(`\nRolled back: ${stack} has option ${BEFORE} and serves callers. ${down}`);
    else return;
    const files = [join(context.folder, `Pulumi.${stack}.yaml`), conversionStateFile(context.folder, stack), file];
    const toCommit = await committable(files.filter((one) => existsSync(one)));
    if (toCommit.length > 0) context.out(`Next: commit ${toCommit.map((one) => shownPath(one)).join(" and ")}.`);
}

/** Warns that the stack file has another phase than the stack, although no conversion is in progress. */
export function noteOtherPhase({ note }: Context, { stack, progress }: FoundConversion): void {
    const { direction, asked, reached } = progress;
    if (direction !== undefined || asked === reached) return;
    note(
        `note: ${basename(stack.file)} has phase ${asked}, but the stack has reached ${reached}. If another clone has changed the stack, get its stack file: git pull`,
    );
}

/** Message about an unsuccessful outcome. */
export function unhappy({ outcome, why, failed, served, stack, place, to }: Ended): string {
    const run = (verb: string) => `npm run ops -- convert ${verb} --yes --stack ${stack}`;
    if (outcome === "stopped")
        return `convert: stopped at ${place} (${why}). Continue: ${run("run")}; or roll back: ${run("abort")}`;
    if (outcome === "returned")
        return `convert: did not reach ${to} (${why}). It was rolled back to ${BEFORE}, which serves callers. Correct the cause, and run the command again.`;
    return whatAHumanMustDo(failed!, why ?? "", stack, served);
}

/**
 * @param step the failed step: `done`, or a step of a rollback
 * @param served only for `done`: proof that callers are served
 */
export function whatAHumanMustDo(step: Step, why: string, stack: string, served?: string): string {
    const run = (verb: string) => `npm run ops -- convert ${verb} --yes --stack ${stack}`;
    const failed = `${nameOf(step)} (${descriptionOf(step).does}) has failed twice: ${why}.`;
    if (step.direction === "forward")
        return (
            `convert: a human is needed. Callers are served by the component (${served}), but ${failed}\n` +
            `  1. Correct this error. Until step \`done\` succeeds, a restart of a host can start Alpa on bare metal a second time.\n` +
            `  2. Run: ${run("run")}, which tries the step again; or roll back: ${run("abort")}`
        );
    return (
        `convert: a human is needed. ${failed}\n` +
        `  1. Correct this error. ${byHand(step)}\n` +
        `  2. Run: ${run("abort")}, which continues the rollback with this step.\n` +
        `  To see the state: npm run ops -- convert status --stack ${stack}`
    );
}
