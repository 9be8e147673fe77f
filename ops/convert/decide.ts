/** The decisions of a conversion. Pure. */
import {
    isClosed,
    nextStage,
    stateOf,
    BEFORE,
    TARGET,
    type Stage,
    type Target,
} from "../../components/opt/conversion-phases";
import { isSame, numberOf, type Attempt } from "../../components/opt/conversion-record-provider";
import { isUnderWay, whoIn, type Progress } from "./progress";

/** The stage to set next on the way to a target; undefined at its end. A stage that no run has completed is repeated. */
export function nextStep(progress: Progress, to: Target): Stage | undefined {
    const { stage, attempt, isComplete } = progress;
    return !isComplete && attempt?.to === to ? stage : nextStage(stage, to);
}

/** The remaining stages on the way to a target. */
export function stepsTo(progress: Progress, to: Target): Stage[] {
    const steps: Stage[] = [];
    for (let next = nextStep(progress, to); next !== undefined; next = nextStage(next, to)) steps.push(next);
    return steps;
}

/** Whether a step opens the callers' route. */
export function opens(from: Stage, stage: Stage): boolean {
    return isClosed(from) && !isClosed(stage);
}

/** A new attempt of this process. @param before the recorded attempt, or an earlier one of this process */
export function newAttempt(before: Attempt | undefined, to: Target, by: string): Attempt {
    return { number: numberOf(before) + 1, to, by, pid: process.pid, at: new Date().toISOString() };
}

/** Whether another process has continued the conversion. */
export function isTakenOver(recorded: Attempt | undefined, ours: Attempt): boolean {
    const [theirs, number] = [numberOf(recorded), ours.number];
    return theirs > number || (theirs === number && !isSame(recorded, ours));
}

export interface Budget {
    budgetMinutes: number;
    returnMinutes: number;
}

/**
 * When a conversion to intra-b must turn back, in milliseconds; undefined while callers are served.
 * @param next the next stage
 */
export function deadline(progress: Progress, next: Stage, budget: Budget, now: number): number | undefined {
    const { stage, closedSince } = progress;
    if (next !== "open" && !isClosed(next)) return undefined;
    const from =
        next === "closed" && stage !== "closed" ? now : closedSince === undefined ? now : Date.parse(closedSince);
    return from + (budget.budgetMinutes - budget.returnMinutes) * 60_000;
}

/** This process, as a successor of the one that began the conversion. */
export interface Successor {
    /** User and host. */
    by: string;
    isAlive: (pid: number) => boolean;
    /** Whether the operator says that the other process no longer runs. */
    takeOver: boolean;
}

/** Why this process must not continue a conversion that is under way; empty if it may. */
export function notOurs(short: string, progress: Progress, { by, isAlive, takeOver }: Successor): string[] {
    const { attempt, pending, stage } = progress;
    if (!isUnderWay(progress) || attempt === undefined) return [];
    const isHere = attempt.by === by;
    const state = `${short}: a conversion to ${attempt.to} is in progress (phase ${stage}, ${whoIn(attempt)}${pending > 0 ? `, pending operations: ${pending}` : ""})`;
    if (isHere && isAlive(attempt.pid)) return [`${state}. Wait until it ends, or press Ctrl-C there.`];
    if (takeOver || (isHere && pending === 0)) return [];
    return [
        `${state}. Wait until it ends. If that process and its pulumi no longer run, add --take-over, which also removes its lock.`,
    ];
}

const FORWARD: Record<Stage, string> = {
    [BEFORE]: "",
    prepared: "KubeRay's operator and the suspended component are created; images and weights are put on its nodes",
    closed: "new requests get 503 with Retry-After",
    moved: "requests in progress finish, bare metal stops, and the component loads the model",
    open: "the component answers through the gateway; then callers' routes point to it",
};
const BACK: Record<Stage, string> = {
    open: "",
    moved: "new requests get 503 with Retry-After",
    closed: "requests in progress finish, the component is suspended, and bare metal loads the model",
    prepared: "bare metal answers through the gateway; then callers' routes point to it",
    [BEFORE]: "the component and the operator are removed",
};

/** What a step does. */
export function descriptionOf(stage: Stage, to: Target): string {
    return (to === TARGET ? FORWARD : BACK)[stage];
}

/** What callers get in a stage. */
export function callersIn(stage: Stage): string {
    if (isClosed(stage)) return "503";
    return stage === BEFORE || stateOf(stage).side === "bare-metal" ? "bare metal" : "the component";
}
