/** How a cutover has ended, in the words of an operator. */
import { join, relative } from "node:path";
import type { Context } from "../../context";
import { json } from "../../output";
import type { Outcome } from "../audit";
import type { Result } from "../interfaces";
import type { Kind } from "../kind";
import { nameOf, type Place, type Step } from "../phases";

/** A cutover that has come to an end, or was stopped. */
export interface Ended extends Result {
    /** Where it was to lead. */
    to: string;
    stack: string;
    file: string;
}

/** @param said one sentence for each end that was reached */
export function report(
    context: Context,
    args: { json?: boolean },
    result: Ended,
    said: Partial<Record<Outcome, string>>,
): void {
    const { outcome, place, downSeconds, why, file, stack, to } = result;
    if (args.json)
        return context.out(json({ stack, to, outcome, place, downSeconds, ...(why ? { why } : {}), record: file }));
    const sentence = outcome === "stopped" ? undefined : said[outcome];
    if (sentence === undefined) return;
    const stackFile = relative(process.cwd(), join(context.folder, `Pulumi.${stack}.yaml`));
    context.out(`\n${sentence}`);
    context.out(`Next: commit ${stackFile} and ${relative(process.cwd(), file)}.`);
}

/** Message about an unsuccessful end. */
export function unhappy(kind: Kind, { outcome, why, failed, served, stack, place, to }: Ended): string {
    const { command, before } = kind;
    const run = (verb: string) => `npm run ops -- ${command} ${verb} --yes --stack ${stack}`;
    if (outcome === "stopped")
        return `${command}: stopped at ${place} (${why}). Go on: ${run("run")}; or return: ${run("abort")}`;
    if (outcome === "returned")
        return `${command}: must reach ${to} (${why}). It is back at ${before}, which serves. Correct what failed, and run it again.`;
    return whatAHumanMustDo(kind, failed!, why ?? "", stack, served);
}

/**
 * @param step the one that cannot be taken: `done`, or one of the way back
 * @param served with `done`: what shows that callers are served
 */
export function whatAHumanMustDo(kind: Kind, step: Step, why: string, stack: string, served?: string): string {
    const { command } = kind;
    const run = (verb: string) => `npm run ops -- ${command} ${verb} --yes --stack ${stack}`;
    const failed = `${nameOf(step)} (${kind.describe(step).does}) has failed twice: ${why}.`;
    if (step.direction === "forward")
        return (
            `${command}: a human is needed. Callers are served by ${kind.new} (${served}), but ${failed}\n` +
            `  1. Correct what it names. ${kind.withoutDone}\n` +
            `  2. Run: ${run("run")}, which tries it again; or return: ${run("abort")}`
        );
    return (
        `${command}: a human is needed. ${failed}\n` +
        `  1. Correct what it names. ${kind.byHand(step)}\n` +
        `  2. Run: ${run("abort")}, which goes on with the way back from there.\n` +
        `  Where it is: npm run ops -- ${command} status --stack ${stack}`
    );
}

const GATEWAY = "npm run ops -- consumer list --check";
const NOT_TAKEN = `See why the gateway does not take the change: ${GATEWAY}`;

/** What a human does where every kind of cutover needs the same, of the steps of the way back. */
export const BY_HAND: Partial<Record<Place, string>> = {
    verify: NOT_TAKEN,
    start: NOT_TAKEN,
    stop: "See that the component's pods are gone: kubectl get pods -A -l ray.io/cluster",
};

/** @param who what is to serve callers */
export function notLedTo(who: string): string {
    return `See why the gateway does not lead callers to ${who}: ${GATEWAY}`;
}
