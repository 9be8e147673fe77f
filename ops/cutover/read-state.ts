/** Reads how far a cutover is, from the stack's outputs, its file and the records. */
import type { Reader } from "../../components/kubernetes/cluster-reader";
import { DEFAULT_BUDGET_MINUTES } from "../../config/keys/convert";
import { readConversionState } from "../../config/conversion-state";
import type { Context } from "../context";
import { UsageError } from "../errors";
import { accessOf, readerOf } from "../stack/cluster";
import { gatewayOf, longestAnswer } from "../stack/gateway";
import { readOutputs, type Outputs, type Stack } from "../stack/stack";
import { readNumber } from "../stack/stack-file";
import { records, type Conversion } from "./audit";
import { longestLook, type Budget, type Expected } from "./clock";
import { measured } from "./expected";
import type { ClusterHolder, HolderView } from "./holder";
import type { Kind } from "./kind";
import { progressOf, type ConversionProgress } from "./state";

export interface CutoverState {
    kind: Kind;
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

/** @throws UsageError if the stack has no outputs, because `pulumi up` never succeeded */
export async function outputsOf(context: Context, stack: Stack): Promise<Outputs> {
    const outputs = await readOutputs(context, stack);
    if (outputs.url === undefined)
        throw new UsageError([`--stack: ${stack.short} has no outputs yet. Run: pulumi up -s ${stack.short}`]);
    return outputs;
}

export async function cutoverState(
    context: Context,
    kind: Kind,
    stack: Stack,
    outputs: Outputs,
): Promise<CutoverState> {
    const conversions = records({ folder: context.folder, kind: kind.folder }, stack.short);
    const kept = keptTimes(context.folder, stack.short);
    const known = { ...kept, ...measured(conversions) };
    const { namespace } = gatewayOf(stack);
    const access = await accessOf(context, stack);
    const cluster = context.openHolder(access, namespace);
    return {
        kind,
        stack,
        outputs,
        cluster,
        read: readerOf(context, access),
        holder: await cluster.read().catch(() => outputs.conversion?.holder),
        conversions,
        answerSeconds: longestAnswer(stack.text),
        progress: progressOf(kind.seen(stack, outputs, conversions), conversions, kind.before),
        measured: known,
        budget: budgetOf(kind, stack.text, known),
    };
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
function budgetOf(kind: Pick<Kind, "defaults" | "patience">, text: string, known: Expected): Budget {
    const minutes = readNumber(text, "convert", "budgetMinutes") ?? DEFAULT_BUDGET_MINUTES;
    const longest = longestAnswer(text);
    return {
        seconds: minutes * 60,
        expected: { ...kind.defaults(longest), ...known },
        patienceSeconds: kind.patience(text, longest),
        lookSeconds: longestLook(longest),
    };
}
