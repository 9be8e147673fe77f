/** One `pulumi up` of a conversion: edits the stack file, runs Pulumi, and reports its errors. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { conversionStateFile, readConversionState, type ConversionState } from "../../../config/conversion-state";
import type { Context } from "../../context";
import { shownPath } from "../../output";
import { lockedBy, NOTHING_CHANGED } from "../../stack/backend-lock";
import { EditLocked, takeEditLock } from "../../stack/edit-lock";
import { remember, type Edited } from "../../stack/edit-obstacles";
import { replace, undo } from "../../stack/file-edit";
import { packWords } from "../../stack/policy-pack";
import { findStack, type CallersFile } from "../../stack/stack";
import { BEFORE } from "../phases";
import { placeIn, restOf } from "../stack-edit";
import { writeConversionState } from "./conversion-state";

interface Run {
    stack: string;
    /** Whether this is the first step of the conversion. */
    first: boolean;
    /** Result of {@link restOf} when the conversion began. It shows later edits of the file, which no step may apply. */
    rest: string;
    /**
     * The stack file as it was when the conversion began. Set only during a rollback: the steps back use this text, and later
     * edits are saved in a separate file.
     */
    kept?: Edited;
    /** The callers file when the conversion began, with its name. */
    callers?: CallersFile;
    /** Returns the new text of the stack file. */
    edit: (text: string) => string;
    /** Whether this step releases the lock. */
    releases: boolean;
    /** Returns the new state of the conversion. */
    state: (before: ConversionState) => ConversionState;
    onLine: (line: string) => void;
    signal: AbortSignal;
}

/** Pause between two tries, and longest wait, while another update holds the stack's lock, in seconds. */
const ASK_SECONDS = 5;
const LOCKED_SECONDS = 600;
/** Lock message of the file backend: `created by user@host (pid 123) at …`. */
const LOCKED_BY = /created by \S+@(\S+) \(pid (\d+)\)/;
const SAID_LIMIT = 2000;

/** @throws Error with Pulumi's own message */
export async function bringUp(context: Context, run: Run): Promise<void> {
    const release = await takeLock(context, run);
    try {
        await apply(context, run);
    } finally {
        release();
    }
}

/**
 * Takes the edit lock, and waits while another command holds it. The first step fails instead of waiting, since nothing
 * has changed before it.
 */
async function takeLock(context: Context, { stack, first, onLine, signal }: Run): Promise<() => void> {
    const end = Date.now() + LOCKED_SECONDS * 1000;
    for (;;) {
        signal.throwIfAborted();
        try {
            return takeEditLock(context, stack.split("/").pop()!);
        } catch (error) {
            if (first || !(error instanceof EditLocked) || Date.now() >= end) throw error;
            onLine(`${error.who}: waiting for it to end${error.remedy}`);
            await pause(ASK_SECONDS * 1000, undefined, { signal }).catch(() => undefined);
        }
    }
}

async function apply(context: Context, run: Run): Promise<void> {
    const { stack: name, rest, kept, callers, edit, onLine, signal } = run;
    const others = callers === undefined ? undefined : textOf(callers.file);
    // Missing files are restored first, since the stack cannot be read without them.
    if (kept !== undefined && callers !== undefined && others !== callers.text) {
        putAside(context, callers.name, others ?? "");
        mkdirSync(dirname(callers.file), { recursive: true });
        replace(callers.file, callers.text);
    }
    if (kept !== undefined && !existsSync(kept.file)) {
        replace(kept.file, kept.text);
        context.note(`${basename(kept.file)}: was deleted while the conversion was running. The rollback restored it.`);
    }
    const stack = await findStack(context, name);
    // After an abort the stack file must not be edited: it would name a step that never began, which would cause a rollback.
    signal.throwIfAborted();
    const edited = !isSame(stack.text, rest);
    const changed = edited ? basename(stack.file) : others !== callers?.text ? callers!.name : undefined;
    if (changed !== undefined && kept === undefined)
        throw new Error(`${changed}: changed while the conversion was running. Undo the change.`);
    if (edited) putAside(context, basename(stack.file), stack.text);
    const after = edit(edited ? kept!.text : stack.text);
    if (after !== stack.text) remember(stack, after);
    const held = stateBefore(context, run, stack.short);
    const state = run.state(held);
    const writeState = (one: ConversionState) => writeConversionState(context.folder, stack.short, one);
    // A lock without a phase only blocks other runs until the lock expires. A phase without a lock would let another clone
    // or a change of callers begin. So the lock is written before the phase. Only a step that
    // releases the lock writes the phase first.
    if (!run.releases) writeState(state);
    if (after !== stack.text) replace(stack.file, after);
    if (run.releases) writeState(state);
    const begins = run.first && placeIn(stack.text) === BEFORE;
    // The first step has a preview, so that the policy pack can reject it before any change. In later steps a preview
    // would cost callers time.
    const skip = begins ? [] : ["--skip-preview"];
    const args = ["up", "--yes", ...skip, "--stack", name, "--config-file", stack.file];
    const end = Date.now() + LOCKED_SECONDS * 1000;
    for (let cancelled = false; ;) {
        signal.throwIfAborted();
        const { code, stdout, stderr } = await context.pulumi(args, { onLine, signal });
        if (code === 0) return;
        const said = stdout + stderr;
        if (!lockedBy(said) || signal.aborted) throw new Error(`pulumi up ended with ${code}: ${errorsIn(said)}`);
        if (isLeftBehind(said) && !cancelled) {
            cancelled = true;
            await context.pulumi(["cancel", "--yes", "--stack", name], { signal });
        } else if (begins) {
            // This `pulumi up` has not begun, so its phase must not stay in the stack file.
            const now = after === stack.text ? NOTHING_CHANGED : undo(stack, stack, after);
            if (now === NOTHING_CHANGED) writeState(held);
            throw new Error(`another run holds the stack's lock (${errorsIn(said)}). ${now} Wait for it to end`);
        } else if (Date.now() >= end) throw new Error(`another run holds the stack's lock (${errorsIn(said)})`);
        else {
            onLine("the stack is locked by another run: waiting for it");
            await pause(ASK_SECONDS * 1000, undefined, { signal }).catch(() => undefined);
        }
    }
}

/** The state before a step. A rollback puts an invalid file aside, so that it need not wait for the operator. */
function stateBefore(context: Context, { kept }: Pick<Run, "kept">, short: string): ConversionState {
    try {
        return readConversionState(context.folder, short);
    } catch (error) {
        const file = conversionStateFile(context.folder, short);
        if (kept === undefined) throw error;
        putAside(context, basename(file), textOf(file) ?? "");
        return {};
    }
}

/** Whether nothing but the values of the conversion has changed in a stack file; false if the file cannot be parsed. */
function isSame(text: string, rest: string): boolean {
    try {
        return restOf(text) === rest;
    } catch {
        return false;
    }
}

/** Text of a file; undefined if the file no longer exists. */
function textOf(file: string): string | undefined {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return undefined;
    }
}

/**
 * If the operator has edited a stack file or callers file during the conversion, saves the edited text as another file. So the
 * edit is not lost, and the rollback need not wait for the operator. Adds a number if the other file exists.
 */
function putAside({ folder, note }: Context, name: string, text: string): void {
    const first = join(folder, ".alpa-auth", "local", `${name.replaceAll("/", "~")}.edited`);
    mkdirSync(dirname(first), { recursive: true, mode: 0o700 });
    let aside = first;
    for (let number = 2; existsSync(aside); number++) aside = `${first}-${number}`;
    writeFileSync(aside, text, { mode: 0o600, flag: "wx" });
    note(
        `${name}: changed while the conversion was running. The rollback continues with the original file. The edit is in ${shownPath(aside)}.`,
    );
}

/** Whether the lock belongs to a process of this machine that no longer exists. */
function isLeftBehind(said: string): boolean {
    const [, host, pid] = LOCKED_BY.exec(said) ?? [];
    if (host !== hostname()) return false;
    try {
        process.kill(Number(pid), 0);
        return false;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "ESRCH";
    }
}

/** The error messages in a long output. */
export function errorsIn(said: string): string {
    // eslint-disable-next-line no-control-regex -- colours
    const lines = said.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
    const errors = lines.flatMap((line, i) => {
        if (!/^\s*error: /.test(line)) return [];
        const first = line.trim().replace(/^error: /, "");
        if (!line.endsWith(":")) return [first];
        // An error that ends with a colon continues below: with a command's message or a list of findings.
        const below = lines.slice(i + 1).map((one) => one.trim());
        const end = below.findIndex((one, j) => j > 0 && !one.startsWith("- "));
        return [[first, ...below.slice(0, end < 0 ? undefined : end)].join(" ")];
    });
    const found = [...new Set(errors)].filter((line) => !/^(update failed|preview failed)$/.test(line));
    const policy = /\[mandatory\]/.test(said) ? packWords(said)?.replace(/\s+/g, " ") : undefined;
    const last = policy === undefined ? lines.filter((line) => line.trim() !== "").slice(-3) : [policy];
    const text = (found.length > 0 ? found : last).join("; ");
    return text.length > SAID_LIMIT ? `${text.slice(0, SAID_LIMIT)} …` : text || "it printed nothing";
}
