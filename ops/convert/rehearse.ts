/** A whole conversion with a small model in a separate stack and namespace: convert, return, and remove the stack. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { withChange, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import { dryRun } from "../consent";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { json, table } from "../output";
import { checkConfig, readSecrets } from "../stack/config-check";
import { remember } from "../stack/edit-obstacles";
import { encryptSecrets } from "../stack/encrypt-secrets";
import { replace } from "../stack/file-edit";
import { ask } from "../stack/pulumi";
import type { Stack } from "../stack/stack";
import { errorsIn } from "../cutover/apply";
import { append, isOver, records, type RecordFolder } from "../cutover/audit";
import { budgetProblems } from "../cutover/checks";
import { duration } from "../cutover/clock";
import type { Ended } from "../cutover/commands/report";
import { runCutover } from "../cutover/commands/run";
import { writeConversionState } from "../cutover/conversion-state";
import { measured } from "../cutover/expected";
import { whoAmI } from "../cutover/identity";
import type { Target } from "../cutover/phases";
import { budgetOf } from "../cutover/read-state";
import { conversion } from "./cutover";
import { CONVERSION } from "./kind";
import { readState } from "./read-state";
import { rehearsalStack, renderRehearsal, type RehearsalStack } from "./rehearsal-stack";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("rehearse"), "create the rehearsal stack, and remove it at the end"),
        "convert rehearse --stack intra",
        "convert rehearse --stack intra --yes",
    )
        .description(
            "Rehearse the conversion and its rollback in a separate stack (convert.rehearsal); does not change this stack",
        )
        .action((args) => rehearse(context, args, THERE_AND_BACK));

/** What differs between the rehearsal of a conversion and the rehearsal of a model upgrade. */
export interface Rehearsal {
    /** What the rehearsal does, for messages: for example `convert and return`. */
    does: string;
    /** The same as a noun, for example `conversion and return`. */
    done: string;
    /** Folders of the rehearsal's records. */
    kinds: RecordFolder["kind"][];
    /** Problems that prevent the rehearsal. @param text the rehearsal's stack file */
    problems(text: string): string[];
    /** Steps in order, each with the required outcome. */
    acts: [wanted: Ended["outcome"], act: (context: Context, stack: string) => Promise<Ended | undefined>][];
}

const THERE_AND_BACK: Rehearsal = {
    does: "convert and return",
    done: "conversion and return",
    kinds: ["convert"],
    problems: () => [],
    acts: [
        ["converted", (context, stack) => convertTo("intra-b", context, stack)],
        ["returned", (context, stack) => convertTo("intra-a", context, stack)],
    ],
};

/** Converts a rehearsal stack. */
export function convertTo(to: Target, context: Context, stack: string): Promise<Ended | undefined> {
    return runCutover(context, { stack, to }, conversion(context, { stack }));
}

export async function rehearse(context: Context, args: ChangeArgs, rehearsal: Rehearsal): Promise<void> {
    const { stack } = await readState(context, args.stack);
    const plannedStack = rehearsalStack(stack.text, await readSecrets(context, stack));
    const name = `${stack.name}-rehearsal`;
    const short = `${stack.short}-rehearsal`;
    const file = join(context.folder, `Pulumi.${short}.yaml`);
    const problems = [...plannedStack.problems];
    if (problems.length === 0) {
        const text = renderRehearsal("", plannedStack.values, new Map());
        problems.push(
            ...checkConfig(text, plannedStack.secrets, context.folder).problems.map(
                (one) => `convert.rehearsal: ${one}`,
            ),
            ...budgetProblems(budgetOf(CONVERSION, text, measured(recorded(context, "convert", short))), "forward").map(
                (one) => one.replaceAll("convert.budgetMinutes", "convert.rehearsal.convert.budgetMinutes"),
            ),
            ...rehearsal.problems(text),
        );
    }
    if (existsSync(file))
        problems.push(
            `${short}: must not exist yet (an earlier rehearsal was not removed). Check its resources, then run: ${clearing(name)}`,
        );
    if (problems.length > 0) throw new UsageError(problems);
    // Without --yes this text is the command's result, for standard output. With --yes it precedes the progress messages on
    // standard error.
    if (!args.yes && args.json) context.out(json({ stack: short, outcome: "planned", needs: plannedStack.needs }));
    else {
        const say = args.yes ? context.note : context.out;
        say(`Rehearsal in stack ${short}. Stack ${stack.short} is not changed. The rehearsal needs:`);
        plannedStack.needs.forEach((need) => say(`  - ${need}`));
    }
    if (!args.yes) return dryRun(context, `create that stack, ${rehearsal.does} in it, and remove it`, args);
    rehearsal.kinds.forEach((kind) => endEarlier(context, kind, short));
    writeConversionState(context.folder, short, {});
    await make(context, { name, short, file, text: "", flag: ` --stack ${short}` }, plannedStack, rehearsal);
    const results: Ended[] = [];
    for (const [wanted, act] of rehearsal.acts) {
        const result = await act(quiet(context), name);
        if (result?.outcome !== wanted) throw new Failure(broken(short, name, rehearsal, result));
        results.push(result);
    }
    await clear(context, { name, short, file });
    report(context, args, short, rehearsal, results);
}

function recorded({ folder }: Pick<Context, "folder">, kind: RecordFolder["kind"], short: string) {
    return records({ folder, kind }, short);
}

/** Marks interrupted rehearsals as ended in their records: their stack no longer exists, so they cannot be continued. */
function endEarlier({ folder }: Context, kind: RecordFolder["kind"], short: string): void {
    for (const { file } of recorded({ folder }, kind, short).filter((one) => !isOver(one))) {
        const entry = { time: new Date().toISOString(), run: basename(file, ".jsonl"), who: whoAmI() };
        append(file, { ...entry, event: "end", outcome: "cleared", place: "intra-a", downSeconds: 0 });
    }
}

/** Creates the stack and runs `pulumi up` with option intra-a. */
async function make(
    context: Context,
    { name, short, file, flag }: Stack,
    { values, secrets }: RehearsalStack,
    rehearsal: Rehearsal,
): Promise<void> {
    await ask(context.pulumi, ["stack", "init", name, "--no-select", "-C", context.folder]);
    const empty: Stack = { name, short, file, flag, text: existsSync(file) ? readFileSync(file, "utf8") : "" };
    const placeholders = [...secrets.keys()];
    const ciphers = await encryptSecrets(context, empty, [...secrets.values()]);
    const text = renderRehearsal(empty.text, values, new Map(ciphers.map((cipher, i) => [placeholders[i], cipher])));
    // This command has just written the file, so later checks must not report an edit by someone else.
    remember(empty, text);
    if (existsSync(file)) replace(file, text);
    else writeFileSync(file, text, { mode: 0o600 });
    context.note(`\npulumi up, stack ${short}:`);
    const args = ["up", "--yes", "--skip-preview", "--stack", name, "--config-file", file];
    const { code, stdout, stderr } = await context.pulumi(args, { onLine: (line) => context.note(`  ${line}`) });
    if (code !== 0)
        throw new Failure(
            `${broken(short, name, rehearsal, undefined)} Output of Pulumi: ${errorsIn(stdout + stderr)}`,
        );
}

async function clear(context: Context, { name, short, file }: Pick<Stack, "name" | "short" | "file">): Promise<void> {
    context.note("\nRemoving the rehearsal stack:");
    const onLine = (line: string) => context.note(`  ${line}`);
    const destroy = ["destroy", "--yes", "--skip-preview", "--stack", name, "--config-file", file];
    await ask(context.pulumi, destroy, { onLine });
    await ask(context.pulumi, ["stack", "rm", "--yes", "-C", context.folder, name]);
    rmSync(file, { force: true });
    writeConversionState(context.folder, short, {});
}

function broken(short: string, name: string, { does }: Rehearsal, result: Ended | undefined): string {
    const why = result === undefined ? "" : ` (${result.outcome} at ${result.place}: ${result.why ?? "see above"})`;
    return `rehearsal: did not ${does}${why}. Stack ${short} is kept for troubleshooting: npm run ops -- convert status --stack ${short}. Then remove it: ${clearing(name)}`;
}

function clearing(name: string): string {
    return `pulumi destroy -s ${name} && pulumi stack rm ${name}`;
}

/** Prints the result of a single step to standard error, since standard output is for the result of the rehearsal. */
function quiet(context: Context): Context {
    return { ...context, out: context.note };
}

function report(context: Context, args: ChangeArgs, short: string, { done, kinds }: Rehearsal, results: Ended[]): void {
    const ends = kinds
        .flatMap((kind) => recorded(context, kind, short))
        .filter(({ file }) => results.some((result) => result.file === file))
        .flatMap(({ entries }) => entries)
        .flatMap((entry) => (entry.event === "step-end" ? [{ step: entry.step, seconds: entry.seconds }] : []));
    const downSeconds = results.map((result) => result.downSeconds);
    if (args.json) return context.out(json({ stack: short, outcome: "rehearsed", steps: ends, downSeconds }));
    context.out(
        table(
            ["step", "took"],
            ends.map(({ step, seconds }) => [step, duration(seconds)]),
        ),
    );
    context.out(
        `\nRehearsed: ${done}. The rehearsal stack is removed. Callers of the rehearsal got 503 for at most ${downSeconds.map(duration).join(" and ")}. These times are for the small model, and the plan does not use them.`,
    );
}
