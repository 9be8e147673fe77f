/** Reads where a stack is, from its outputs, its file and the records. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { isSeq } from "yaml";
import { DEFAULT_BUDGET_MINUTES, DEFAULT_HOST_WAITS } from "../../config/keys/convert";
import { ROOT, type Context } from "../context";
import { UsageError } from "../errors";
import { accessOf } from "../stack/cluster";
import { gatewayOf, longestAnswer } from "../stack/gateway";
import { findStack, readOutputs, type Outputs, type Stack } from "../stack/stack";
import { readNumber, readValue } from "../stack/stack-file";
import { records, type Conversion, type Versions } from "./audit";
import { longestLook, type Budget, type Expected } from "./clock";
import { defaults, measured } from "./expected";
import type { ClusterHolder, HolderView } from "./holder";
import { PHASES, type Phase } from "./phases";
import { measuredIn, placeIn } from "./stack-edit";
import { progressOf, type ConversionProgress, type Seen } from "./state";

export interface ConversionState {
    stack: Stack;
    outputs: Outputs;
    /** Who runs it, as the cluster says; as the outputs say where it does not answer. */
    holder?: ClusterHolder;
    cluster: HolderView;
    progress: ConversionProgress;
    conversions: Conversion[];
    budget: Budget;
    /** What was measured, of all that is expected. */
    measured: Expected;
    /** Longest time for one answer, in seconds. */
    answerSeconds: number;
}

/** @throws UsageError when the stack is none that can be converted */
export async function readState(context: Context, name: string | undefined): Promise<ConversionState> {
    const stack = await findStack(context, name);
    const option = readValue(stack.text, "option");
    if (option !== "intra-a" && option !== "intra-b")
        throw new UsageError([
            `--stack: must be of option intra-a or intra-b, which are one another's conversion (${stack.short} is of option ${String(option)}). Name another stack.`,
        ]);
    const outputs = await readOutputs(context, stack);
    if (outputs.url === undefined)
        throw new UsageError([`--stack: ${stack.short} must have been brought up. Run: pulumi up -s ${stack.short}`]);
    const conversions = records(context.folder, stack.short);
    const known = { ...measuredIn(stack.text), ...measured(conversions) };
    const { namespace } = await gatewayOf(context, stack);
    const cluster = context.openHolder(await accessOf(context, stack), namespace);
    return {
        stack,
        outputs,
        cluster,
        holder: await cluster.read().catch(() => outputs.conversion?.holder),
        conversions,
        answerSeconds: longestAnswer(stack.text),
        progress: progressOf(seen(stack, outputs), conversions),
        measured: known,
        budget: budgetOf(stack.text, known),
    };
}

/** @param known times of steps that were measured */
export function budgetOf(text: string, known: Expected): Budget {
    const minutes = readNumber(text, "convert", "budgetMinutes") ?? DEFAULT_BUDGET_MINUTES;
    const longest = longestAnswer(text);
    return {
        seconds: minutes * 60,
        expected: { ...defaults(longest), ...known },
        patienceSeconds: patience(text, longest),
        lookSeconds: longestLook(longest),
    };
}

/** Time for Kubernetes and the gateway, in addition to the hosts, in seconds. */
const OTHERS_SECONDS = 900;

/**
 * All limits that the program has in one step of the way back, one after the other: a host after another has its GPUs free and is
 * started, a worker is halted before; then Alpa has to answer.
 */
export function patience(text: string, answerSeconds: number): number {
    const of = (key: keyof typeof DEFAULT_HOST_WAITS) =>
        readNumber(text, "convert", "bareMetal", key) ?? DEFAULT_HOST_WAITS[key];
    const [start, stop] = [of("startTimeoutSeconds"), of("stopTimeoutSeconds")];
    const hosts = readValue(text, "convert", "bareMetal", "hosts");
    const count = isSeq(hosts) ? hosts.items.length : 1;
    return answerSeconds + count * (start + 2 * stop) + start + OTHERS_SECONDS;
}

export function seen({ text }: Stack, { conversion }: Outputs): Seen {
    const reached = PHASES.includes(conversion?.phase as Phase) ? (conversion!.phase as Phase) : "intra-a";
    const since = conversion?.since;
    // A phase that is none is for the config check to name.
    return { reached, asked: placeIn(text) ?? reached, ...(since === undefined ? {} : { since }) };
}

export function whoAmI(): string {
    return `${userInfo().username}@${hostname()}`;
}

export async function versions(context: Context): Promise<Versions> {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    const { stdout } = await context.pulumi(["version"]);
    const head = await git(ROOT, ["rev-parse", "--short=12", "HEAD"]);
    const dirty = await git(ROOT, ["status", "--porcelain", "--untracked-files=no"]);
    return {
        program: version,
        ...(head === undefined ? {} : { commit: `${head.trim()}${dirty?.trim() ? "+" : ""}` }),
        pulumi: stdout.trim(),
        node: process.version,
    };
}

/** The stack file as it was committed last; undefined where git has none. */
export function committed({ file }: Stack): Promise<string | undefined> {
    return git(dirname(file), ["show", `HEAD:./${file.slice(dirname(file).length + 1)}`]);
}

function git(folder: string, args: string[]): Promise<string | undefined> {
    return new Promise((resolve) =>
        execFile("git", ["-C", folder, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
            resolve(error ? undefined : stdout),
        ),
    );
}
