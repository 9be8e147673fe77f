/** Reads how far a conversion is, from the stack's outputs, its file and the records. */
import type { Reader } from "../../components/kubernetes/cluster-reader";
import { DEFAULT_BUDGET_MINUTES } from "../../config/keys/convert";
import { readConversionState } from "../../config/conversion-state";
import type { Context } from "../context";
import { UsageError } from "../errors";
import { accessOf, readerOf } from "../stack/cluster";
import { gatewayOf, longestAnswer } from "../stack/gateway";
import { findStack, readOutputs, type Outputs, type Stack } from "../stack/stack";
import { readNumber, readValue } from "../stack/stack-file";
import { records, type Conversion } from "./audit";
import { longestLook, type Budget, type Expected } from "./clock";
import { expectedTimes, measured, patience } from "./expected";
import { BEFORE, PHASES, type Phase } from "./phases";
import { placeIn } from "./stack-edit";
import type { ClusterHolder, HolderView } from "./lock/holder";
import { progressOf, type ConversionProgress, type Seen } from "./state";

export interface FoundConversion {
    stack: Stack;
    outputs: Outputs;
    /** Lock holder in the cluster. If the cluster does not answer: the holder in the stack's outputs. */
    holder?: ClusterHolder;
    cluster: HolderView;
    /** Reads objects of the stack's cluster. */
    read: Reader;
    progress: ConversionProgress;
    conversions: Conversion[];
    budget: Budget;
    /** Measured times. All other times are estimates. */
    measured: Expected;
    /** Longest time for one answer, in seconds. */
    answerSeconds: number;
}

/** @throws UsageError if the stack cannot be converted */
export async function readState(context: Context, name: string | undefined): Promise<FoundConversion> {
    const stack = await findStack(context, name);
    const option = readValue(stack.text, "option");
    if (option !== "intra-a" && option !== "intra-b")
        throw new UsageError([
            `--stack: must have option intra-a or intra-b, which are the options that a conversion can change (${stack.short} has option ${String(option)}). Name another stack.`,
        ]);
    const outputs = await outputsOf(context, stack);
    const conversions = records(context.folder, stack.short);
    const known = { ...keptTimes(context.folder, stack.short), ...measured(conversions) };
    const { namespace } = gatewayOf(stack);
    const access = await accessOf(context, stack, outputs);
    const cluster = context.openHolder(access, namespace);
    return {
        stack,
        outputs,
        cluster,
        read: readerOf(context, access),
        holder: await cluster.read().catch(() => outputs.conversion?.holder),
        conversions,
        answerSeconds: longestAnswer(stack.text),
        progress: progressOf(seenIn(stack, outputs), conversions),
        measured: known,
        budget: budgetOf(stack.text, known),
    };
}

/** Returns how far a stack is in a conversion. */
export function seenIn({ text }: Pick<Stack, "text">, { conversion }: Outputs): Seen {
    const reached = PHASES.includes(conversion?.phase as Phase) ? (conversion!.phase as Phase) : BEFORE;
    const since = conversion?.since;
    // The config check reports an invalid phase.
    return { reached, asked: placeIn(text) ?? reached, ...(since === undefined ? {} : { since }) };
}

/** @throws UsageError if the stack has no outputs, because `pulumi up` never succeeded */
async function outputsOf(context: Context, stack: Stack): Promise<Outputs> {
    const outputs = await readOutputs(context, stack);
    if (outputs.url === undefined)
        throw new UsageError([`--stack: ${stack.short} has no outputs yet. Run: pulumi up -s ${stack.short}`]);
    return outputs;
}

/** Times that the stack keeps. An invalid file has none: only estimates use them, and a rollback must not wait for them. */
function keptTimes(folder: string, stack: string): Expected {
    try {
        return readConversionState(folder, stack).measured ?? {};
    } catch {
        return {};
    }
}

/** @param known measured times of steps */
function budgetOf(text: string, known: Expected): Budget {
    const minutes = readNumber(text, "convert", "budgetMinutes") ?? DEFAULT_BUDGET_MINUTES;
    const longest = longestAnswer(text);
    return {
        seconds: minutes * 60,
        expected: { ...expectedTimes(longest), ...known },
        patienceSeconds: patience(text, longest),
        lookSeconds: longestLook(longest),
    };
}
