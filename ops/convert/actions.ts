/** What a conversion does to the world: runs Pulumi, asks the service, writes its record. */
import type { Context } from "../context";
import { remember } from "../stack/edit-obstacles";
import { replace } from "../stack/file-edit";
import { gatewayOf } from "../stack/gateway";
import { findStack, readOutputs, type CallersFile } from "../stack/stack";
import { compareAnswers, Different, recordAnswers, type Answer, type VerificationRoute } from "./answers";
import { bringUp } from "./apply";
import { append, records, type Event } from "./audit";
import { measured } from "./expected";
import type { Actions, Proof } from "./interfaces";
import { PLACES, type Place, type Step } from "./phases";
import type { ProgressDisplay } from "./progress";
import { endpointCallers, proveRefused, proveServed, type PublicEndpoint } from "./public-endpoint";
import { seen } from "./read-state";
import { leave, setMeasured, setPlace, type Holder } from "./stack-edit";
import { callAt, startClock } from "./timer";

export interface ConversionJob {
    context: Context;
    /** As Pulumi takes it. */
    stack: string;
    short: string;
    /** Record of the conversion. */
    file: string;
    run: string;
    who: string;
    /** Name under which the cluster knows who is at work. */
    holder: string;
    /** Of the stack file, without what a conversion changes. */
    rest: string;
    /** The stack file as it was when this process began. */
    text: string;
    /** Its file of callers then. */
    callers?: CallersFile;
    /** Longest time for one answer, in seconds. */
    answerSeconds: number;
    display: ProgressDisplay;
}

/** How far ahead others are kept away when nothing more is heard, in minutes. With the last step that is over. */
const HELD_MINUTES = 120;

export function conversionActions(job: ConversionJob): Actions {
    const { context, stack, display } = job;
    const now = startClock();
    return {
        now,
        bring: async ({ direction, to }, signal) => {
            const back = direction === "back" ? { kept: job.text } : {};
            const run = {
                stack,
                rest: job.rest,
                callers: job.callers,
                ...back,
                edit: (text: string) => edit(job, text, to),
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
        readPlaces: async (signal) => seen(await findStack(context, stack), await outputs(job, signal)),
        record: (event) => write(job, event),
        at: (instant, call) => callAt(now, instant, call),
        show: (view) => display.show(view),
    };
}

export function write({ file, run, who, context }: ConversionJob, event: Event): void {
    append(file, { time: new Date().toISOString(), run, who, ...event });
    if (event.event === "step-end")
        context.note(
            `${event.step}: ${event.outcome} after ${event.seconds.toFixed(1)} s${event.said ? ` (${event.said})` : ""}.`,
        );
    if (event.event === "return") context.note(`\nReturning to intra-a: ${event.why}.`);
}

/** Releases the lock: with option intra-a that needs no run. */
export async function leaveStack({ context, stack }: ConversionJob): Promise<void> {
    const found = await findStack(context, stack);
    const after = leave(found.text);
    if (after === found.text) return;
    remember(found, after);
    replace(found.file, after);
}

function edit({ context, short, holder }: ConversionJob, text: string, to: Place): string {
    const last = to === PLACES.at(-1);
    const until = new Date(Date.now() + (last ? 0 : HELD_MINUTES) * 60_000);
    const at: Holder = { name: holder, until: until.toISOString().replace(/\.\d+Z$/, "Z") };
    const placed = setPlace(text, to, at);
    return last ? setMeasured(placed, measured(records(context.folder, short))) : placed;
}

async function outputs({ context, stack }: ConversionJob, signal: AbortSignal) {
    return readOutputs(context, await findStack(context, stack), signal);
}

/** Looks at what a step is there for. */
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
    if (name === "verify")
        return { said: await compareAnswers(await route(job, signal), answers ?? [], options(job, signal), true) };
    if (name === "drain") return { said: (await askPublicEndpoint(job, signal, proveRefused)) ?? NOT_ASKED };
    if (name === "back drain") return { said: await bareMetalAnswers(job, answers, signal) };
    if (["switch", "back prepare", "back intra-a"].includes(name))
        return { said: (await askPublicEndpoint(job, signal, proveServed)) ?? NOT_ASKED };
    return {};
}

/** It must answer; that it answers as before is worth a word, and no reason to leave callers without it. */
async function bareMetalAnswers(
    job: ConversionJob,
    answers: Answer[] | undefined,
    signal: AbortSignal,
): Promise<string> {
    if (answers === undefined) return "bare metal's answers were not recorded, so that they were not compared";
    try {
        return await compareAnswers(await route(job, signal), answers, options(job, signal), false);
    } catch (error) {
        if (error instanceof Different) return `bare metal answers, but ${error.message}`;
        throw error;
    }
}

const NOT_ASKED = "not asked as a caller: the stack has no key and no secret of HS256 to ask with";

/** @returns undefined when no caller has a credential to ask with */
async function askPublicEndpoint(
    job: ConversionJob,
    signal: AbortSignal,
    check: (endpoint: PublicEndpoint) => Promise<string>,
): Promise<string | undefined> {
    const { context, stack, answerSeconds: timeoutSeconds } = job;
    const found = await outputs(job, signal);
    const { namespace } = await gatewayOf(context, await findStack(context, stack));
    const callers = endpointCallers(found, namespace);
    const patienceSeconds = context.refusalSeconds;
    const verification = found.conversion?.verification;
    const instead = check === proveServed && verification !== undefined;
    if (found.url === undefined || (callers.length === 0 && !instead)) return undefined;
    return check({ url: found.url, callers, verification, timeoutSeconds, patienceSeconds, signal });
}

async function route(job: ConversionJob, signal: AbortSignal): Promise<VerificationRoute> {
    const { conversion } = await outputs(job, signal);
    if (conversion?.verification === undefined)
        throw new Error(
            "conversion.verification: must be an output of the stack. Look: pulumi stack output conversion",
        );
    return conversion.verification;
}

function options({ answerSeconds }: ConversionJob, signal: AbortSignal) {
    // Its url is that of the stack, whose config says whether it has TLS.
    return { timeoutSeconds: answerSeconds, signal, allowHttp: true };
}
