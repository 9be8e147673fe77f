/** How a conversion has ended, in the words of an operator. */
import { join, relative } from "node:path";
import type { Context } from "../context";
import { json } from "../output";
import type { Target } from "./checks";
import { duration } from "./clock";
import type { Result } from "./interfaces";
import { describeStep, nameOf, type Step } from "./phases";

/** A conversion that has come to an end, or was stopped. */
export interface Converted extends Result {
    to: Target;
    stack: string;
    file: string;
}

/** Says how it ended. */
export function report(context: Context, args: { json?: boolean }, result: Converted): void {
    const { outcome, place, downSeconds, why, file, stack, to } = result;
    if (args.json)
        return context.out(json({ stack, to, outcome, place, downSeconds, ...(why ? { why } : {}), record: file }));
    if (outcome === "converted")
        context.out(`\nDone: ${stack} is of option intra-b. Callers got 503 for ${duration(downSeconds)}.`);
    if (outcome === "returned")
        context.out(
            `\nReturned: ${stack} is of option intra-a and serves. Callers got 503 for ${duration(downSeconds)}.`,
        );
    if (outcome === "converted" || outcome === "returned")
        context.out(
            `Next: commit ${relative(process.cwd(), join(context.folder, `Pulumi.${stack}.yaml`))} and ${relative(process.cwd(), file)}.`,
        );
}

/** Message about an unsuccessful end. */
export function unhappy({ outcome, why, failed, served, stack, place, to }: Converted): string {
    if (outcome === "stopped")
        return `convert: stopped at ${place} (${why}). Go on: npm run ops -- convert run --yes --stack ${stack}; or return: npm run ops -- convert abort --yes --stack ${stack}`;
    if (outcome === "returned")
        return `convert: must reach ${to} (${why}). It is back at intra-a, which serves. Correct what failed, and run it again.`;
    return whatAHumanMustDo(failed!, why ?? "", stack, served);
}

/**
 * @param step the one that cannot be taken: `done`, or one of the way back
 * @param served with `done`: what shows that callers are served
 */
export function whatAHumanMustDo(step: Step, why: string, stack: string, served?: string): string {
    if (step.direction === "forward")
        return (
            `convert: a human is needed. Callers are served by the component (${served}), but ${nameOf(step)} (${describeStep(step).does}) has failed twice: ${why}.\n` +
            `  1. Correct what it names. Until then a host that restarts may start bare metal too.\n` +
            `  2. Run: npm run ops -- convert run --yes --stack ${stack}, which tries it again; or return: npm run ops -- convert abort --yes --stack ${stack}`
        );
    const gateway = "npm run ops -- consumer list --check";
    const notTaken = `See why the gateway does not take the change: ${gateway}`;
    const byHand: Record<Exclude<Step["to"], "done">, string> = {
        switch: "Callers' routes lead to the component. Look at the hosts of bare metal.",
        verify: notTaken,
        start: notTaken,
        stop: "See that the component's pods are gone: kubectl get pods -A -l ray.io/cluster",
        drain: "Start bare metal by its own command on its hosts, and see it answer on its port.",
        prepare: `See why the gateway does not lead callers to bare metal: ${gateway}`,
        "intra-a": "Callers are served. See which object does not go: pulumi preview --diff",
    };
    return (
        `convert: a human is needed. ${nameOf(step)} (${describeStep(step).does}) has failed twice: ${why}.\n` +
        `  1. Correct what it names. ${byHand[step.to as keyof typeof byHand]}\n` +
        `  2. Run: npm run ops -- convert abort --yes --stack ${stack}, which goes on with the way back from there.\n` +
        `  Where it is: npm run ops -- convert status --stack ${stack}`
    );
}
