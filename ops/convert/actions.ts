/** What a conversion does to the world: runs Pulumi, asks the service, writes its record. */
import type { Context } from "../context";
import { replace } from "../stack/file-edit";
import { gatewayOf } from "../stack/gateway";
import { remember } from "../stack/edit-obstacles";
import { findStack, readOutputs, type CallersFile } from "../stack/stack";
import { compareAnswers, Different, recordAnswers, type Answer, type VerificationRoute } from "./answers";
import { bringUp } from "./apply";
import { append, records, type Event } from "./audit";
import { proveRefused, proveServed, visitorsOf, type Door } from "./public-endpoint";
import { measured } from "./expected";
import type { Effects, Proof } from "./interfaces";
import { PLACES, type Place, type Step } from "./phases";
import type { Progress } from "./progress";
import { leave, setMeasured, setPlace, type Holder } from "./stack-edit";
import { seen } from "./read-state";
import { callAt, startClock } from "./timer";

export interface Act {
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
    progress: Progress;
}

/** How far ahead others are kept away when nothing more is heard, in minutes. With the last step that is over. */
const HELD_MINUTES = 120;

export function realEffects(act: Act): Effects {
    const { context, stack, progress } = act;
    const now = startClock();
    return {
        now,
        bring: async ({ direction, to }, signal) => {
            const back = direction === "back" ? { kept: act.text } : {};
            const run = {
                stack,
                rest: act.rest,
                callers: act.callers,
                ...back,
                edit: (text: string) => edit(act, text, to),
                signal,
            };
            try {
                await bringUp(context, { ...run, onLine: (line) => progress.line(line) });
            } catch (error) {
                progress.failed();
                throw error;
            }
        },
        prove: (step, answers, signal) => prove(act, step, answers, signal),
        serves: async (signal) => {
            const said = await door(act, signal, proveServed);
            if (said === undefined) throw new Error("nobody could be asked");
            return said;
        },
        look: async (signal) => seen(await findStack(context, stack), await outputs(act, signal)),
        record: (event) => write(act, event),
        at: (instant, call) => callAt(now, instant, call),
        show: (view) => progress.show(view),
    };
}

export function write({ file, run, who, context }: Act, event: Event): void {
    append(file, { time: new Date().toISOString(), run, who, ...event });
    if (event.event === "step-end")
        context.note(
            `${event.step}: ${event.outcome} after ${event.seconds.toFixed(1)} s${event.said ? ` (${event.said})` : ""}.`,
        );
    if (event.event === "return") context.note(`\nReturning to intra-a: ${event.why}.`);
}

/** Nobody is at work any more: with option intra-a no run is needed for that. */
export async function leaveStack({ context, stack }: Act): Promise<void> {
    const found = await findStack(context, stack);
    const after = leave(found.text);
    if (after === found.text) return;
    remember(found, after);
    replace(found.file, after);
}

function edit({ context, short, holder }: Act, text: string, to: Place): string {
    const last = to === PLACES.at(-1);
    const until = new Date(Date.now() + (last ? 0 : HELD_MINUTES) * 60_000);
    const at: Holder = { name: holder, until: until.toISOString().replace(/\.\d+Z$/, "Z") };
    const placed = setPlace(text, to, at);
    return last ? setMeasured(placed, measured(records(context.folder, short))) : placed;
}

async function outputs({ context, stack }: Act, signal: AbortSignal) {
    return readOutputs(context, await findStack(context, stack), signal);
}

/** Looks at what a step is there for. */
async function prove(
    act: Act,
    { direction, to }: Step,
    answers: Answer[] | undefined,
    signal: AbortSignal,
): Promise<Proof> {
    const forward = direction === "forward";
    const name = `${forward ? "" : "back "}${to}`;
    if (name === "prepare") {
        const recorded = await recordAnswers(await route(act, signal), options(act, signal));
        return { said: `${recorded.length} answers of bare metal recorded`, answers: recorded };
    }
    if (name === "verify")
        return { said: await compareAnswers(await route(act, signal), answers ?? [], options(act, signal), true) };
    if (name === "drain") return { said: (await door(act, signal, proveRefused)) ?? NOT_ASKED };
    if (name === "back drain") return { said: await bareMetalAnswers(act, answers, signal) };
    if (["switch", "back prepare", "back intra-a"].includes(name))
        return { said: (await door(act, signal, proveServed)) ?? NOT_ASKED };
    return {};
}

/** It must answer; that it answers as before is worth a word, and no reason to leave callers without it. */
async function bareMetalAnswers(act: Act, answers: Answer[] | undefined, signal: AbortSignal): Promise<string> {
    if (answers === undefined) return "bare metal's answers were not recorded, so that they were not compared";
    try {
        return await compareAnswers(await route(act, signal), answers, options(act, signal), false);
    } catch (error) {
        if (error instanceof Different) return `bare metal answers, but ${error.message}`;
        throw error;
    }
}

const NOT_ASKED = "not asked as a caller: the stack has no key and no secret of HS256 to ask with";

/** @returns undefined when there is nobody to ask as */
async function door(act: Act, signal: AbortSignal, look: (door: Door) => Promise<string>): Promise<string | undefined> {
    const { context, stack, answerSeconds: timeoutSeconds } = act;
    const found = await outputs(act, signal);
    const { namespace } = await gatewayOf(context, await findStack(context, stack));
    const visitors = visitorsOf(found, namespace);
    const patienceSeconds = context.refusalSeconds;
    const verification = found.conversion?.verification;
    const instead = look === proveServed && verification !== undefined;
    if (found.url === undefined || (visitors.length === 0 && !instead)) return undefined;
    return look({ url: found.url, visitors, verification, timeoutSeconds, patienceSeconds, signal });
}

async function route(act: Act, signal: AbortSignal): Promise<VerificationRoute> {
    const { conversion } = await outputs(act, signal);
    if (conversion?.verification === undefined)
        throw new Error(
            "conversion.verification: must be an output of the stack. Look: pulumi stack output conversion",
        );
    return conversion.verification;
}

function options({ answerSeconds }: Act, signal: AbortSignal) {
    // Its url is that of the stack, whose config says whether it has TLS.
    return { timeoutSeconds: answerSeconds, signal, allowHttp: true };
}
