/** Reads a stack and how far it is in a conversion, and does the steps. */
import { setTimeout as pause } from "node:timers/promises";
import type { Stage } from "../../components/opt/conversion-phases";
import { ALPA_SAMPLES } from "../../components/alpa/sample";
import type { Attempt } from "../../components/opt/conversion-record-provider";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { apiKey, callService } from "../service-call";
import { progress } from "../stack/apply/progress";
import { lockedBy } from "../stack/backend-lock";
import { answerTimeout } from "../stack/gateway";
import { ask, jsonObject } from "../stack/pulumi";
import { readStack, type ReadStack } from "../stack/settings";
import { readOutputs, type Stack } from "../stack/stack";
import { Locked, type Actions } from "./carry-out";
import type { Budget } from "./decide";
import { progressIn, type Exported, type Progress } from "./progress";
import { ConversionFiles } from "./stack-edit";

export interface FoundConversion {
    stack: ReadStack;
    progress: Progress;
    budget: Budget;
}

/** @throws UsageError if the stack cannot be converted */
export async function findConversion(context: Context, name: string | undefined): Promise<FoundConversion> {
    const stack = await readStack(context, name);
    const { settings } = stack;
    if (!("step" in settings))
        throw new UsageError([
            `--stack: must have option intra-a or intra-b, which are the options that a conversion can change (${stack.short} has option ${settings.option}). Name another stack.`,
        ]);
    return { stack, budget: settings.budget, progress: await readProgress(context, stack) };
}

async function readProgress({ pulumi }: Context, { name, short }: Stack): Promise<Progress> {
    const text = await ask(pulumi, ["stack", "export", "--stack", name]);
    const { deployment } = jsonObject<{ deployment?: Exported }>(text, "pulumi stack export");
    if (!deployment?.resources?.length)
        throw new UsageError([`--stack: ${short} has no resources yet. Run: pulumi up -s ${short}`]);
    return progressIn(deployment);
}

/** Pause between two tries, and longest wait, while another run holds the stack's lock, in seconds. */
const ASK_SECONDS = 5;
const LOCKED_SECONDS = 600;

export function conversionActions(context: Context, stack: ReadStack): Actions {
    const files = new ConversionFiles(context, stack);
    let runs = 0;
    return {
        read: () => readProgress(context, stack),
        bring: (stage, attempt, signal) => {
            files.write({ stage, attempt });
            return up(context, stack, { stage, attempt, signal, isFirst: runs++ === 0 });
        },
        answers: (signal) => answers(context, stack, signal),
        settle: (progress) => files.write(progress),
        note: (text) => context.note(text),
    };
}

interface Run {
    stage: Stage;
    attempt: Attempt;
    signal: AbortSignal;
    /** The first run has a preview, in which the policy pack can reject it. In later runs a preview would cost callers time. */
    isFirst: boolean;
}

/** @throws Failure if Pulumi fails, whose output the terminal shows */
async function up(context: Context, { name, file }: Stack, run: Run): Promise<void> {
    const { pulumi, note } = context;
    const { stage, attempt, signal, isFirst } = run;
    const message = ["--message", `Convert to ${attempt.to}: ${stage}`];
    const args = [
        "up",
        "--yes",
        ...(isFirst ? [] : ["--skip-preview"]),
        ...message,
        "--stack",
        name,
        "--config-file",
        file,
    ];
    for (const end = Date.now() + LOCKED_SECONDS * 1000; ;) {
        const { code, stdout, stderr } = await pulumi(args, { signal, onLine: progress(context) });
        if (code === 0) return;
        const lock = lockedBy(stdout + stderr);
        if (lock === undefined) throw new Failure(`pulumi up failed (exit code ${code}, see above)`);
        if (isFirst)
            throw new Locked(
                `convert: ${lock}. Nothing was changed. Wait for that run to end. If it was killed, add --take-over, which removes its lock.`,
            );
        if (Date.now() >= end || signal.aborted) throw new Failure(`another run holds the stack's lock (${lock})`);
        note(`${lock}: waiting for it.`);
        await pause(ASK_SECONDS * 1000, undefined, { signal });
    }
}

/** Asks Alpa through the gateway, on the route that is open for the verifier alone in every phase. */
async function answers(context: Context, stack: ReadStack, signal: AbortSignal): Promise<void> {
    const { conversion } = await readOutputs(context, stack, signal);
    if (conversion?.verification === undefined)
        throw new Failure("conversion.verification: not in the stack's outputs. Run: pulumi stack output conversion");
    const { url, key } = conversion.verification;
    const call = {
        sample: ALPA_SAMPLES.completions,
        credential: apiKey(key),
        timeoutSeconds: answerTimeout(stack),
        attempts: 3,
    };
    const { result, problem, milliseconds } = await callService({ url, ...call, signal });
    if (result === undefined) throw new Failure(`Alpa does not answer through the gateway (${url} ${problem})`);
    context.note(`Alpa answered through the gateway after ${milliseconds} ms.`);
}
