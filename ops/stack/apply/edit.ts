/** Applies the edit of a stack file with `pulumi up`, but not changes of others that break callers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { ListedCaller } from "../../../config/keys/consumers/listed";
import { counted } from "../../../config/problems";
import type { Context } from "../../context";
import { isOver } from "../../dates";
import { errorMessage, Failure, FindingsError } from "../../errors";
import { lockedBy, lockFailure } from "../backend-lock";
import { takeEditLock } from "../edit-lock";
import { foreignEdits, pendingIn, remember, type Edited } from "../edit-obstacles";
import { nameOf, replace, undo, unchanged } from "../file-edit";
import type { Finding } from "../review/finding";
import type { Exported } from "../review/preview";
import type { Review } from "../review/report";
import { asBadAs, exported, fullReview, render, runPreview } from "../review/review";
import type { ReadStack } from "../settings";
import type { Stack } from "../stack";
import { markOf } from "../state-digest";
import { editableKey, editYaml } from "../yaml-edit";
import { runUp } from "./run-plan";

export interface Edit {
    edited: Edited;
    /** Text of the file after the edit. */
    after: string;
    /** Set for a revocation, which is never rejected because of changes of others: how a run applies only the revocation. */
    alone?: (state: Exported) => Alone;
}

/** A run that applies only a revocation. */
export interface Alone {
    /** Text of the file during the run: the credentials have no effect, but their caller stays. */
    text: string;
    /** Resources of the run, as `pulumi up --target` takes them. */
    targets: string[];
    /** `<caller>/<credential>` of other credentials that the run ends too, because the file no longer has their keys. */
    lost: string[];
}

/**
 * Writes the file and runs `pulumi up`; no other command edits the stack meanwhile. If nothing was applied, undoes the edit.
 * @returns whether only the revocation was applied
 * @throws FindingsError if the run would also apply changes of others that break callers
 */
export async function applyEdit(context: Context, stack: ReadStack, edit: Edit): Promise<boolean> {
    const { edited, after } = edit;
    const release = takeEditLock(context, stack.short);
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-edit-"));
    try {
        unchanged(stack);
        const state = await exported(context, stack);
        const alone = edit.alone && (await changesOfOthers(context, stack, state)) ? edit.alone(state) : undefined;
        if (alone && alone.lost.length > 0) context.note(`${alone.lost.join(", ")}: ${LOST}`);
        const text = alone?.text ?? after;
        const isMixed = edit.alone !== undefined && (await foreignEdits(stack)).length > 0;
        if (!isMixed) remember(stack, after, edited); // Later commands still report the edits by hand.
        const run = { ...edit, text, state, back: () => undo(stack, edited, text) };
        replace(edited.file, text);
        const targets = alone?.targets.flatMap((target) => ["--target", target]) ?? [];
        const how = edit.alone ? targets : await reviewed(context, stack, run, join(folder, "plan.json"));
        await up(context, stack, run, how);
        replace(edited.file, after);
        return alone !== undefined;
    } finally {
        rmSync(folder, { recursive: true, force: true });
        release();
    }
}

const LOST = "stops working too, because others have removed it and its key from the file.";

/** Reviews an edit without writing it: Pulumi reads copies of the files. */
export async function reviewEdit(context: Context, stack: Stack, { edited, after }: Edit): Promise<Review> {
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-edit-"));
    const file = join(folder, basename(stack.file));
    // The program reads a callers file only from its own folder.
    const copy = edited === stack ? undefined : `${stack.callers!.name}.dry-run`;
    const copied = copy && `${edited.file}.dry-run`;
    try {
        if (copied) writeFileSync(copied, after);
        writeFileSync(file, copy ? setCallersFile(stack.text, copy) : after);
        const state = await exported(context, stack);
        return fullReview(context, await runPreview(context, { ...stack, file }), state);
    } finally {
        rmSync(folder, { recursive: true, force: true });
        if (copied) rmSync(copied, { force: true });
    }
}

const setCallersFile = (text: string, name: string) =>
    editYaml(text, (config) => config.set(editableKey(config, "consumersFile"), name));

/** An edit with the text of the file during the run, the state before, and a function that undoes it and says so. */
type Run = Edit & { text: string; state: Exported; back: () => string };

/** Whether a run without the edit would change anything. Prints what. */
async function changesOfOthers(context: Context, stack: Stack, state: Exported): Promise<boolean> {
    const note = (what: string) =>
        context.note(`${what}\nThese changes are not of this command, which applies only the revocation.`);
    try {
        const found = fullReview(context, await runPreview(context, stack), state);
        if (Object.keys(found.changes).length === 0 && found.findings.length === 0) return false;
        note(render(found, "text"));
    } catch (error) {
        note(`${stack.short}: the changes of others are unknown (${errorMessage(error)}).`);
    }
    return true;
}

/**
 * Reviews the edited stack, and undoes the edit if it cannot be applied.
 * @param plan file to which Pulumi saves the plan of the reviewed run
 * @returns arguments with which `pulumi up` applies exactly that
 */
async function reviewed(context: Context, stack: ReadStack, run: Run, plan: string): Promise<string[]> {
    const isEnd = isEndIn(stack.settings.callers, context.today);
    const review = async (file?: string) => fullReview(context, await runPreview(context, stack, file), run.state);
    const breaking = ({ findings }: Review) => asBadAs(findings, "breaks-callers").filter((one) => !isEnd(one));
    try {
        const found = await review(plan);
        context.note(render(found, "text"));
        if (breaking(found).length === 0) return [`--plan=${plan}`];
        // What the stack would change without the edit does not follow from the edit.
        replace(run.edited.file, run.edited.text);
        const known = new Set(breaking(await review()).flatMap(placesOf));
        replace(run.edited.file, run.text);
        const others = breaking(found).filter((one) => placesOf(one).some((place) => known.has(place)));
        if (others.length === 0) return [`--plan=${plan}`];
        const all = others.map(({ code, says }) => `${code}: ${says}`).join("; ");
        throw new FindingsError(
            `${stack.short}: the run would also apply ${counted(others.length, "change")} of others that break callers (${all}). Apply or revert them first. See: npm run ops -- stack review${stack.flag}`,
        );
    } catch (error) {
        (error as Error).message += `\n${run.back()}`;
        throw error;
    }
}

/** What a finding is about, without its values, which an edit of the same property changes. */
function placesOf({ code, says, evidence }: Finding): string[] {
    if (evidence.length === 0) return [`${code} ${says}`];
    return evidence.map(({ urn, property }) => `${code} ${urn} ${property}`);
}

/** Returns whether a finding reports only that the run removes expired credentials of these callers. */
export function isEndIn(consumers: ListedCaller[], today: Date): (finding: Finding) => boolean {
    const over = consumers.flatMap(({ name, credentials }) =>
        credentials.filter(({ expires }) => isOver(expires, today)).map(({ id }) => `${name} credentials.${id}`),
    );
    // The evidence of a revoked credential is the component of its caller.
    return ({ code, evidence }) =>
        code === "credential-revoked" &&
        evidence.length > 0 &&
        evidence.every(({ resource, property }) => over.includes(`${resource} ${property}`));
}

/** Runs `pulumi up`. If it applied nothing, undoes the edit. @throws Failure that says what to do */
async function up(context: Context, stack: Stack, run: Run, how: string[]): Promise<void> {
    const { state, back, edited, text, after } = run;
    const { code, output } = await runUp(context, stack, how);
    if (code === 0) return;
    if (lockedBy(output) !== undefined) throw lockFailure(stack, output, back());
    const failed = `pulumi up: failed (exit code ${code}, see above).`;
    const now = await exported(context, stack).catch(() => undefined);
    if (now !== undefined && markOf(now) === markOf(state)) {
        const block = "To block the caller without Pulumi, see docs/operate/leaked-credentials.md.";
        throw new Failure([failed, back(), ...(run.alone ? [block] : [])].join(" "));
    }
    // Undoing the edit could make a revoked credential valid.
    const targets = how
        .filter((word) => !word.startsWith("--plan="))
        .map((word) => (/^--/.test(word) ? word : `'${word}'`));
    const again =
        text === after ? `run: ${["pulumi up -s", stack.short, ...targets].join(" ")}` : "run this command again.";
    const pending = pendingIn(stack, now);
    const steps = [...pending, `${pending.length > 0 ? "Then" : "Correct the error and"} ${again}`].join("\n");
    throw new Failure(`${failed} A part of the edit may be applied, so ${nameOf(stack, edited)} keeps it. ${steps}`);
}
