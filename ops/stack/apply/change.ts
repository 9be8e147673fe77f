/** A change of a stack file, which commands show and, with consent, apply. */
import { dryRun, type AnswerFormat } from "../../consent";
import type { Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import { checkConfig, type Files, type ReadStack } from "../settings";
import { foreignEdits, obstaclesOrConversion, type Edited } from "../edit-obstacles";
import { nameOf, renderDiff } from "../file-edit";
import { render } from "../review/review";
import type { Review } from "../review/report";
import { applyEdit, reviewEdit, type Edit } from "./edit";

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
    /** Set for a revocation. See {@link Edit}. */
    alone?: Edit["alone"];
}

interface ChangeOptions extends AnswerFormat {
    /** Whether the operator consents. Default: false, and the change is only shown. */
    yes?: boolean;
}

/** Result of a change of a stack, as `--json` prints it. */
interface Change {
    stack: string;
    /** Whether the change was carried out; false without consent. */
    changed: boolean;
    /** Whether only a revocation was applied, because others have changes that are not applied. Unset if not. */
    alone?: true;
    /** Name of the edited file. */
    file: string;
    /** Unified diff. It contains secrets only as ciphertext. */
    diff: string;
    effects: string[];
    /** New warnings of the program. */
    warnings: string[];
    /** What the change would do. Unset after the consent: the run shows it. */
    review?: Review;
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
export async function carryOut(
    context: Context,
    stack: ReadStack,
    plan: Plan,
    options: ChangeOptions,
): Promise<Change> {
    const edited = (plan.inCallersFile && stack.callers) || stack;
    const say = (text: string) => (options.json ? undefined : context.out(text));
    const { change, problems } = await consider(context, stack, edited, plan);
    change.warnings.forEach((warning) => context.note(`warning: ${warning}`));
    if (problems.length > 0 || plan.after === undefined) throw new UsageError(problems);
    // Only now: a config that is rejected may have a secret in plain text.
    if (change.diff !== "" && (!options.yes || context.verbose)) say(change.diff);
    change.effects.forEach(say);
    if (!options.yes) {
        const review = await reviewEdit(context, stack, { edited, after: plan.after });
        say(`\n${render(review, "text")}`);
        if (plan.alone) say(`\n${DRY_ALONE}`);
        dryRun(context, "write the file and run pulumi up", options);
        return { ...change, review };
    }
    const { after, alone } = plan;
    const isAlone = await applyEdit(context, stack, { edited, after, alone });
    if (!isAlone) return { ...change, changed: true };
    say(ALONE);
    return { ...change, changed: true, alone: true, effects: [...change.effects, ALONE] };
}

const DRY_ALONE =
    "If others have changes that are not applied, this list has them too, but --yes applies only the revocation.";

const ALONE =
    "Only the revocation is applied, with changed limits of the same caller. The next pulumi up applies the changes of others, and deletes the Secret or service token of each revoked credential.";

/** The change with its effects, and all problems that prevent it. */
async function consider(
    context: Context,
    stack: ReadStack,
    edited: Edited,
    { after, effects, problems: known, alone }: Plan,
): Promise<{ change: Change; problems: string[] }> {
    const problems = [...known];
    const file = nameOf(stack, edited);
    const change: Change = { stack: stack.short, changed: false, file, diff: "", effects, warnings: [] };
    if (after !== undefined) {
        const files: Files =
            edited === stack ? { ...stack, text: after } : { ...stack, callers: { ...stack.callers!, text: after } };
        const verdict = checkConfig(files, stack.secrets, context.today);
        problems.push(...verdict.problems);
        change.diff = renderDiff(file, edited.text, after);
        // Keeps only warnings that the edit causes, because every `pulumi up` already prints the existing warnings.
        const before = new Set(stack.settings.warnings);
        change.warnings = verdict.warnings.filter((warning) => !before.has(warning));
    }
    const ignored = alone ? await foreignEdits(stack) : [];
    ignored.forEach((edits) => context.note(`warning: ${edits}`));
    problems.push(...(await obstaclesOrConversion(context, stack)).filter((one) => !ignored.includes(one)));
    return { change, problems };
}
