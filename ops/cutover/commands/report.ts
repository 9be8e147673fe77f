/** Reports to the operator how a cutover has ended. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { conversionStateFile } from "../../../config/conversion-state";
import type { Context } from "../../context";
import { json, shownPath } from "../../output";
import { committable } from "../../stack/history/commits";
import { duration } from "../clock";
import type { Result } from "../interfaces";
import type { Kind } from "../kind";
import { nameOf, type Place, type Step } from "../phases";
import type { CutoverState } from "../read-state";

/** A cutover that has ended or was stopped. */
export interface Ended extends Result {
    /** Target of the cutover. */
    to: string;
    stack: string;
    file: string;
}

/** Prints the outcome. */
export async function report(context: Context, args: { json?: boolean }, kind: Kind, result: Ended): Promise<void> {
    const { outcome, place, downSeconds, why, file, stack, to } = result;
    if (args.json)
        return context.out(json({ stack, to, outcome, place, downSeconds, ...(why ? { why } : {}), record: file }));
    // The first requests of `drain` are still answered, which the records do not show.
    const down = `Callers got 503 for at most ${duration(downSeconds)}.`;
    if (outcome === "converted") context.out(`\nDone: ${stack} ${kind.has.forward}. ${down}`);
    else if (outcome === "returned")
        context.out(`\nRolled back: ${stack} ${kind.has.back} and serves callers. ${down}`);
    else return;
    const files = [join(context.folder, `Pulumi.${stack}.yaml`), conversionStateFile(context.folder, stack), file];
    const toCommit = await committable(files.filter((one) => existsSync(one)));
    if (toCommit.length > 0) context.out(`Next: commit ${toCommit.map((one) => shownPath(one)).join(" and ")}.`);
}

/** Warns that the stack file has another phase than the stack, although no cutover is in progress. */
export function noteOtherPhase({ note }: Context, { stack, progress }: CutoverState): void {
    const { direction, asked, reached } = progress;
    if (direction !== undefined || asked === reached) return;
    note(
        `note: ${basename(stack.file)} has phase ${asked}, but the stack has reached ${reached}. If another clone has changed the stack, get its stack file: git pull`,
    );
}

/** Message about an unsuccessful outcome. */
export function unhappy(kind: Kind, { outcome, why, failed, served, stack, place, to }: Ended): string {
    const { command, before } = kind;
    const run = (verb: string) => `npm run ops -- ${command} ${verb} --yes --stack ${stack}`;
    if (outcome === "stopped")
        return `${command}: stopped at ${place} (${why}). Continue: ${run("run")}; or roll back: ${run("abort")}`;
    if (outcome === "returned")
        return `${command}: did not reach ${to} (${why}). It was rolled back to ${before}, which serves callers. Correct the cause, and run the command again.`;
    return whatAHumanMustDo(kind, failed!, why ?? "", stack, served);
}

/**
 * @param step the failed step: `done`, or a step of a rollback
 * @param served only for `done`: proof that callers are served
 */
export function whatAHumanMustDo(kind: Kind, step: Step, why: string, stack: string, served?: string): string {
    const { command } = kind;
    const run = (verb: string) => `npm run ops -- ${command} ${verb} --yes --stack ${stack}`;
    const failed = `${nameOf(step)} (${kind.describe(step).does}) has failed twice: ${why}.`;
    if (step.direction === "forward")
        return (
            `${command}: a human is needed. Callers are served by ${kind.new} (${served}), but ${failed}\n` +
            `  1. Correct this error. ${kind.withoutDone}\n` +
            `  2. Run: ${run("run")}, which tries the step again; or roll back: ${run("abort")}`
        );
    return (
        `${command}: a human is needed. ${failed}\n` +
        `  1. Correct this error. ${kind.byHand(step)}\n` +
        `  2. Run: ${run("abort")}, which continues the rollback with this step.\n` +
        `  To see the state: npm run ops -- ${command} status --stack ${stack}`
    );
}

const GATEWAY = "npm run ops -- consumer list --check";
const NOT_TAKEN = `Find out why the gateway does not apply the change: ${GATEWAY}`;

/** Advice, by step of a rollback. Only for steps with the same advice in every kind of cutover. */
export const BY_HAND: Partial<Record<Place, string>> = {
    verify: NOT_TAKEN,
    start: NOT_TAKEN,
    stop: "Check that the component's pods are gone: kubectl get pods -A -l ray.io/cluster",
};

/** Advice if the routes do not point to a service. @param who the service that should serve callers */
export function notLedTo(who: string): string {
    return `Find out why the gateway does not route callers to ${who}: ${GATEWAY}`;
}
