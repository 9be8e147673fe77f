import { counted } from "../../config/problems";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Context } from "../context";
import { conversionProblem, progressIn, type Exported } from "../convert/progress";
import { jsonObject, said } from "./pulumi";
import type { Stack } from "./stack";

/** A file that commands edit: the stack file, or its callers file. */
export type Edited = Pick<Stack, "file" | "text">;

export function filesOf(stack: Stack): Edited[] {
    return stack.callers === undefined ? [stack] : [stack, stack.callers];
}

/** Problems that prevent any change of a stack now. */
export async function obstacles(context: Context, stack: Stack): Promise<string[]> {
    const state = await exported(context, stack);
    return [...(await foreignEdits(stack)), ...(typeof state === "string" ? [state] : pendingIn(stack, state))];
}

/** Uncommitted edits of the stack's files by hand. */
export async function foreignEdits(stack: Stack): Promise<string[]> {
    const edits = await Promise.all(filesOf(stack).map((one) => foreignEdit(stack, one)));
    return edits.flat();
}

/** Problems that prevent a change that is not part of a conversion: {@link obstacles}, and a conversion in progress. */
export async function obstaclesOrConversion(context: Context, stack: Stack): Promise<string[]> {
    const state = await exported(context, stack);
    if (typeof state === "string") return [...(await foreignEdits(stack)), state];
    const converting = conversionProblem(stack.short, progressIn(state));
    return [
        ...(await foreignEdits(stack)),
        ...pendingIn(stack, state),
        ...(converting === undefined ? [] : [converting]),
    ];
}

/** Detects an uncommitted edit by hand: this run would apply it too, and a rollback would lose it. */
async function foreignEdit(stack: Stack, edited: Edited): Promise<string[]> {
    const { file } = edited;
    // For a symbolic link, git would compare only the path of its target.
    const status = await gitStatus(realpathSync(file));
    if (typeof status !== "string")
        return [
            `${basename(file)}: git cannot show whether it has uncommitted changes (${status.problem}). Run: git status`,
        ];
    if (status.trim() === "" || isOurs(stack, edited)) return [];
    return [
        `${basename(file)}: has uncommitted changes that alpa-auth did not make (git status: ${status.slice(0, 2).trim()}). Commit or revert them, so that this change gets its own commit.`,
    ];
}

/** git status of the file; empty outside of a work tree, or without git. */
function gitStatus(file: string): Promise<string | { problem: string }> {
    const args = ["-C", dirname(file), "status", "--porcelain", "--", file];
    const env = { ...process.env, LC_ALL: "C" }; // English, since the code below parses git's messages.
    return new Promise((resolve) =>
        execFile("git", args, { env }, (error, stdout, stderr) => {
            if (!error) return resolve(stdout);
            if ((error as NodeJS.ErrnoException).code === "ENOENT") return resolve("");
            // With a damaged HEAD, git reports that there is no repository.
            if (/not a git repository/.test(stderr) && !hasRepository(dirname(file))) return resolve("");
            resolve({ problem: stderr.trim().split("\n")[0] || error.message.split("\n")[0] });
        }),
    );
}

/** Whether a folder is in a git repository, even if git cannot read the repository. */
function hasRepository(folder: string): boolean {
    return existsSync(join(folder, ".git")) || (dirname(folder) !== folder && hasRepository(dirname(folder)));
}

/** Whether the file is as this program last wrote it, or as it was before that edit because an operator restored it. */
function isOurs(stack: Stack, edited: Edited): boolean {
    const [ours, before] = (["ours", "before"] as const).map((what) => {
        const file = local(stack, edited, what);
        return existsSync(file) ? readFileSync(file, "utf8") : undefined;
    });
    return ours === hash(edited.text) || before === edited.text;
}

/** The state of a stack. @returns the problem if it cannot be read */
async function exported({ pulumi }: Context, stack: Stack): Promise<Exported | string> {
    const { code, stdout, stderr } = await pulumi(["stack", "export", "--stack", stack.name]);
    if (code !== 0) return `--stack: must be a stack of the backend (${said(stderr)}). See: pulumi stack ls`;
    return jsonObject<{ deployment?: Exported }>(stdout, "pulumi stack export").deployment ?? {};
}

/**
 * The problem of a state with pending operations; empty without them. An interrupted run may have created objects that are
 * not in the state.
 */
export function pendingIn(stack: Pick<Stack, "short">, state: Exported = {}): string[] {
    const pending = state.pending_operations?.length ?? 0;
    if (pending === 0) return [];
    // Without --clear-pending-creates, a refresh without a terminal keeps an interrupted create in the state.
    return [
        `${stack.short}: has ${counted(pending, "pending operation")} of a run in progress, or of an interrupted run. Wait for a run in progress. After an interrupted run, check what it has created, then run: pulumi refresh --clear-pending-creates -s ${stack.short}`,
    ];
}

/** The files that {@link remember} wrote about an edit, and functions that change them after the edit's `pulumi up`. */
export interface Remembered {
    /** Copy of the file before the edit. */
    copy: string;
    /**
     * Restores the records of the previous edit. Call it if this edit was undone.
     */
    forget: () => void;
}

/**
 * Saves a copy of the file before an edit, and the hash of the text after the edit. A later command in this clone uses them
 * to detect edits by hand. They are in a folder that git ignores. Secrets in the copy stay encrypted.
 * @param edited the stack file, or the callers file
 */
export function remember(stack: Stack, after: string, edited: Edited = stack): Remembered {
    const files = (["before", "ours"] as const).map((what) => local(stack, edited, what));
    const earlier = files.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : undefined));
    const write = (texts: (string | undefined)[]) =>
        files.forEach((file, i) =>
            texts[i] === undefined ? rmSync(file, { force: true }) : writeFileSync(file, texts[i], { mode: 0o600 }),
        );
    mkdirSync(dirname(files[0]), { recursive: true, mode: 0o700 });
    write([edited.text, hash(after)]);
    return { copy: files[0], forget: () => write(earlier) };
}

/** Path of a record. All records are next to the stack file, where git ignores their folder. */
function local({ file, callers }: Stack, edited: Edited, what: "ours" | "before"): string {
    const name = edited.file === callers?.file ? callers.name.replaceAll("/", "~") : basename(file);
    return join(dirname(file), ".alpa-auth", "local", `${name}.${what}`);
}

function hash(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}
