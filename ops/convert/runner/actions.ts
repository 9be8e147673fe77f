/** Actions of a conversion: it runs Pulumi, calls the service, and writes its record. */
import type { Reader } from "../../../components/kubernetes/cluster-reader";
import { readConversionState, type ConversionState } from "../../../config/conversion-state";
import type { Context } from "../../context";
import { errorMessage } from "../../errors";
import { shownPath } from "../../output";
import type { Edited } from "../../stack/edit-obstacles";
import { gatewayOf } from "../../stack/gateway";
import { findStack, readOutputs, type CallersFile } from "../../stack/stack";
import { compareAnswers, Different, recordAnswers, type Answer, type VerificationRoute } from "../service/answers";
import { bringUp } from "./apply";
import { append, records, type Event } from "../audit";
import type { ProgressDisplay } from "../progress";
import { stateInStep, writeConversionState } from "./conversion-state";
import type { Actions, Proof } from "./interfaces";
import { timesToKeep } from "../expected";
import { BEFORE, PHASES, type Place, type Step } from "../phases";
import { seenIn } from "../read-state";
import { setPlace } from "../stack-edit";
import { endpointCallers, proveRefused, proveServed, type PublicEndpoint } from "../service/public-endpoint";
import { callAt, startClock } from "./timer";

export interface ConversionJob {
    context: Context;
    /** Name of the stack as Pulumi commands take it. */
    stack: string;
    short: string;
    /** File of the conversion's record. */
    file: string;
    run: string;
    who: string;
    /** Name of the lock holder in the cluster. */
    holder: string;
    /** Reads objects of the stack's cluster. */
    read: Reader;
    /** The stack file without the values that the conversion changes. */
    rest: string;
    /** The stack file as it was when this process began. */
    stackFile: Edited;
    /** The stack's callers file as it was when this process began. */
    callers?: CallersFile;
    /** Longest time for one answer, in seconds. */
    answerSeconds: number;
    display: ProgressDisplay;
}

export function conversionActions(job: ConversionJob): Actions {
    const { context, stack, display } = job;
    const known = () => records(context.folder, job.short);
    // Another machine, whose clock is ahead, may have written the earlier events.
    const times =
        known()
            .at(-1)
            ?.entries.map(({ time }) => Date.parse(time) || 0) ?? [];
    const now = startClock(Math.max(0, ...times));
    return {
        now,
        bring: async ({ direction, to }, signal) => {
            const back = direction === "back" ? { kept: job.stackFile } : {};
            const ends = releases(to);
            const run = {
                stack,
                first: direction === "forward" && to === PHASES[0],
                rest: job.rest,
                callers: job.callers,
                ...back,
                edit: (text: string) => setPlace(text, to),
                releases: ends,
                state: (before: ConversionState) =>
                    stateInStep(before, job.holder, { releases: ends }, ends ? timesToKeep(known()) : {}),
                signal,
            };
            try {
                await bringUp(context, { ...run, onLine: (line) => display.line(line) });
            } catch (error) {
                display.failed();
                throw error;
            }
        },
        prove: (step, answers, signal) => prove(job, step, answers, signal),
        serves: async (signal) => {
            const said = await askPublicEndpoint(job, signal, proveServed);
            if (said === undefined) throw new Error("there is no public endpoint to test");
            return said;
        },
        readPlaces: async (signal) => seenIn(await findStack(context, stack), await outputs(job, signal)),
        record: (event) => record(job, event),
        at: (instant, call) => callAt(now, instant, call),
        show: (view) => display.show(view),
    };
}

/**
 * Adds an event to the record. It does not throw, because an error would stop a conversion while it rolls back.
 * @returns why the event could not be written; undefined if it was written
 */
export function record({ file, run, who, context, short }: ConversionJob, event: Event): string | undefined {
    let unwritten: string | undefined;
    try {
        append(file, { time: new Date().toISOString(), run, who, ...event });
    } catch (error) {
        unwritten = `the conversion record ${shownPath(file)} cannot be written (${errorMessage(error)})`;
    }
    const ops = (verb: string) => `npm run ops -- convert ${verb} --yes --stack ${short}`;
    if (event.event === "step-end")
        context.note(
            `${event.step}: ${event.outcome} after ${event.seconds.toFixed(1)} s${event.said ? ` (${event.said})` : ""}.`,
        );
    if (event.event === "return") {
        context.note(`\nRolling back to ${BEFORE}: ${event.why}.`);
        if (unwritten) context.note(`note: ${unwritten}. If the rollback is interrupted, continue it: ${ops("abort")}`);
    }
    if (unwritten && event.event === "end" && event.outcome !== "human")
        context.note(
            `note: ${unwritten}. Make the file writable, then record the end: ${ops(event.outcome === "returned" ? "abort" : "run")}`,
        );
    return unwritten;
}

/**
 * Whether the step that ends in this phase releases the lock. The last step back to intra-a keeps it, because its preflight
 * check compares the recorded lock holder with the one in the cluster.
 */
const releases = (to: Place) => to === "done";

/** Removes the lock holder after a rollback, whose last step did not release the lock. Needs no `pulumi up`. */
export function leaveStack({ context: { folder }, short }: ConversionJob): void {
    const { holder: _, ...rest } = readConversionState(folder, short);
    writeConversionState(folder, short, rest);
}

async function outputs({ context, stack }: ConversionJob, signal: AbortSignal) {
    return readOutputs(context, await findStack(context, stack), signal);
}

/** Verifies the result of a step. */
async function prove(
    job: ConversionJob,
    { direction, to }: Step,
    answers: Answer[] | undefined,
    signal: AbortSignal,
): Promise<Proof> {
    const forward = direction === "forward";
    const name = `${forward ? "" : "back "}${to}`;
    if (name === "prepare") {
        const recorded = await recordAnswers(await route(job, signal), options(job, signal));
        return { said: `${recorded.length} answers of bare metal recorded`, answers: recorded };
    }
    if (name === "verify") {
        return { said: await compareAnswers(await route(job, signal), answers ?? [], options(job, signal)) };
    }
    if (name === "drain") return { said: (await askPublicEndpoint(job, signal, proveRefused)) ?? NOT_ASKED };
    if (name === "back drain") return { said: await oldAnswers(job, answers, signal) };
    if (["switch", "back prepare", `back ${BEFORE}`].includes(name))
        return { said: (await askPublicEndpoint(job, signal, proveServed)) ?? NOT_ASKED };
    return {};
}

/** Verifies that bare metal answers. Unexpected answers are only reported, since any answer is better than 503. */
async function oldAnswers(job: ConversionJob, answers: Answer[] | undefined, signal: AbortSignal): Promise<string> {
    if (answers === undefined)
        return "bare metal's answers were not recorded, so the new answers could not be compared";
    try {
        return await compareAnswers(await route(job, signal), answers, { ...options(job, signal), anyLatency: true });
    } catch (error) {
        if (error instanceof Different) return `bare metal answers, but ${error.message}`;
        throw error;
    }
}

const NOT_ASKED = "not tested as a caller: the stack has no caller's key and no HS256 secret for a test";

/** @returns undefined if the stack has no caller's credential for a request */
async function askPublicEndpoint(
    job: ConversionJob,
    signal: AbortSignal,
    check: (endpoint: PublicEndpoint) => Promise<string>,
): Promise<string | undefined> {
    const { context, stack, answerSeconds: timeoutSeconds } = job;
    const found = await outputs(job, signal);
    const { namespace } = gatewayOf(await findStack(context, stack));
    const callers = await endpointCallers(found, namespace, job.read);
    const patienceSeconds = context.refusalSeconds;
    const verification = found.conversion?.verification;
    const instead = check === proveServed && verification !== undefined;
    if (found.url === undefined || (callers.length === 0 && !instead)) return undefined;
    return check({ url: found.url, callers, verification, timeoutSeconds, patienceSeconds, signal });
}

async function route(job: ConversionJob, signal: AbortSignal): Promise<VerificationRoute> {
    const { conversion } = await outputs(job, signal);
    if (conversion?.verification === undefined)
        throw new Error("conversion.verification: not in the stack's outputs. Check: pulumi stack output conversion");
    return conversion.verification;
}

function options({ answerSeconds }: ConversionJob, signal: AbortSignal) {
    return { timeoutSeconds: answerSeconds, signal };
}
