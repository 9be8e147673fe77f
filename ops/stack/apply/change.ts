/** A change of a stack file, which commands show and, with consent, apply. */
import { dirname } from "node:path";
import { expiresSoon } from "../../../config/keys/consumers/credentials";
import { dryRun, type AnswerFormat } from "../../consent";
import type { Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import { json, shownPath } from "../../output";
import { lockedBy, lockFailure } from "../backend-lock";
import { checkConfig, readSecrets } from "../config-check";
import { takeEditLock } from "../edit-lock";
import { obstaclesOrConversion, remember, type Edited, type Remembered } from "../edit-obstacles";
import { nameOf, renderDiff, replace, undo, unchanged } from "../file-edit";
import { isDone, readVersions } from "../history/versions";
import type { Stack } from "../stack";

/** A planned edit of a stack file, or of its callers file. */
export interface Plan {
    /** Text of the file after the edit; undefined if problems prevent it. */
    after?: string;
    /** Whether the edited file is the callers file. @default false: the stack file */
    inCallersFile?: boolean;
    /** Problems that prevent the edit. */
    problems: string[];
    /** Effects of the edit, one sentence each. */
    effects: string[];
    /**
     * Credential to which this edit gives an expiry date, as `<consumer>/<credential>`. The warning that it expires soon is
     * not printed, because the effects already name the date.
     * @default none
     */
    rotated?: string;
}

interface ChangeOptions extends AnswerFormat {
    /** Whether the operator consents. Default: false, and the change is only shown. */
    yes?: boolean;
    /** Plain text of new secrets, by their placeholder in the text. */
    secrets?: ReadonlyMap<string, string>;
    /** Replaces the placeholders of secrets in the text by ciphertext. */
    encrypt?: (text: string) => Promise<string>;
    /** Called after `pulumi up` has ended, even if it failed. Not called if another run's lock prevented its start. */
    written?: () => void;
}

/** Result of a change of a stack, as `--json` prints it. */
interface Change {
    /** Short name of the stack. */
    stack: string;
    /** Whether the change was carried out; false without consent. */
    changed: boolean;
    /** Name of the edited file in messages. */
    file: string;
    /** Unified diff. It contains secrets only as ciphertext. */
    diff: string;
    /** Effects of the change, one sentence each. */
    effects: string[];
    /** New warnings of the program. */
    warnings: string[];
}

/** Prints a change as JSON or, in text format, the next commands. @param next next commands, each with its purpose */
export function reportChange(context: Context, answer: AnswerFormat, change: Change, next: string[], more = {}): void {
    if (answer.json) return context.out(json({ ...change, next: change.changed ? next : [], ...more }));
    if (change.changed && next.length > 0) context.out(`\nDone. ${next.join("\n")}`);
}

/**
 * Shows a change of a stack file and, with the operator's consent, writes it and runs `pulumi up`. With `json` it prints
 * nothing; {@link reportChange} prints the result.
 * @throws UsageError with all problems, before anything is changed
 */
export async function carryOut(context: Context, stack: Stack, plan: Plan, options: ChangeOptions): Promise<Change> {
    const edited = (plan.inCallersFile && stack.callers) || stack;
    const say = (text: string) => (options.json ? undefined : context.out(text));
    const { change, problems } = await consider(context, stack, edited, plan, options.secrets);
    if (change.diff !== "") say(change.diff);
    change.warnings.forEach((warning) => context.note(`warning: ${warning}`));
    if (problems.length > 0 || plan.after === undefined) throw new UsageError(problems);
    change.effects.forEach(say);
    if (!options.yes) {
        dryRun(context, "write the file and run pulumi up", options);
        return change;
    }
    const after = options.encrypt ? await options.encrypt(plan.after) : plan.after;
    await edit(context, stack, edited, after, options.written);
    return { ...change, changed: true };
}

/** The change with its effects, and all problems that prevent it. */
async function consider(
    context: Context,
    stack: Stack,
    edited: Edited,
    { after, effects, problems: known, rotated }: Plan,
    brought: ReadonlyMap<string, string> = new Map(),
): Promise<{ change: Change; problems: string[] }> {
    const problems = [...known];
    const file = nameOf(stack, edited);
    const change: Change = { stack: stack.short, changed: false, file, diff: "", effects, warnings: [] };
    if (after !== undefined) {
        const secrets = new Map([...(await readSecrets(context, stack)), ...brought]);
        const check = (own: string, callers?: string) => checkConfig(own, secrets, dirname(stack.file), callers);
        const { text, callers } = stack;
        const verdict = edited === stack ? check(after, callers?.text) : check(text, after);
        problems.push(...verdict.problems);
        change.diff = renderDiff(file, edited.text, after);
        // Keeps only warnings that the edit causes, because every `pulumi up` already prints the existing warnings.
        const before = new Set(check(text, callers?.text).warnings);
        const planned = (warning: string) => rotated !== undefined && warning.startsWith(expiresSoon(rotated));
        change.warnings = verdict.warnings.filter((warning) => !before.has(warning) && !planned(warning));
    }
    problems.push(...(await obstaclesOrConversion(context, stack)));
    return { change, problems };
}

/** Writes the file and runs `pulumi up`; no other command edits the stack meanwhile. */
async function edit(
    context: Context,
    stack: Stack,
    edited: Edited,
    after: string,
    written?: () => void,
): Promise<void> {
    const release = takeEditLock(context, stack.short);
    try {
        unchanged(stack);
        const before = remember(stack, after, edited);
        replace(edited.file, after);
        await up(context, stack, edited, { after, before, written });
    } finally {
        release();
    }
}

interface Written {
    /** Text of the file after the edit. */
    after: string;
    before: Remembered;
    written?: () => void;
}

async function up(context: Context, stack: Stack, edited: Edited, { after, before, written }: Written): Promise<void> {
    context.note(`\npulumi up, stack ${stack.name}:`);
    const args = ["up", "--yes", "--stack", stack.name, "--config-file", stack.file];
    const { code, stdout, stderr } = await context.pulumi(args, { onLine: (line) => context.note(`  ${line}`) });
    if (code !== 0 && lockedBy(stdout + stderr) !== undefined)
        throw lockFailure(stack, stdout + stderr, undo(stack, edited, after, before));
    written?.();
    if (code === 0) return;
    before.fail();
    const isSecond = before.failed !== undefined && !(await isAppliedSince(context, stack, before.failed.at));
    if (isSecond) before.failed!.keepCopy();
    const name = shownPath(edited.file);
    const back = shownPath(before.copy);
    const run = `pulumi up -s ${stack.short}`;
    throw new Failure(
        `pulumi up: failed (exit code ${code}, see above). ${nameOf(stack, edited)} keeps the edit. ` +
            `Correct the error and run: ${run}\n` +
            `Or undo the edit${isSecond ? ", and the earlier edit, which is not applied either" : ""}: cp ${back} ${name} && ${run}`,
    );
}

/**
 * Whether a `pulumi up` has succeeded since a time. Also true if Pulumi's history cannot be read: then no older copy is
 * offered, which might undo an applied edit.
 */
async function isAppliedSince(context: Context, stack: Stack, time: Date): Promise<boolean> {
    const versions = await readVersions(context, stack).catch(() => undefined);
    // Pulumi's times are whole seconds.
    const since = Math.floor(time.getTime() / 1000) * 1000;
    return versions?.some((version) => isDone(version) && Date.parse(version.start) >= since) ?? true;
}
