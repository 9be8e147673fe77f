import { counted } from "../../config/problems";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Context } from "../context";
import { conversionProblem, progressIn, type Exported } from "../convert/progress";
import { errorMessage } from "../errors";
import { git } from "./history/commits";
import { jsonObject, said } from "./pulumi";
import type { Stack } from "./stack";

/** A file that commands edit: the stack file, or its callers file. */
export type Edited = Pick<Stack, "file" | "text">;

export function filesOf(stack: Stack): Edited[] {
    return stack.callers === undefined ? [stack] : [stack, stack.callers];
}

/** Problems that prevent any change of a stack now. @param more another problem of the state */
export async function obstacles(
    context: Context,
    stack: Stack,
    more: (state: Exported) => string | undefined = () => undefined,
): Promise<string[]> {
    const state = await exported(context, stack);
    const edits = await foreignEdits(stack);
    if (typeof state === "string") return [...edits, state];
    return [...edits, ...pendingIn(stack, state), ...[more(state)].filter((one) => one !== undefined)];
}

/** Uncommitted edits of the stack's files by hand. */
export async function foreignEdits(stack: Stack): Promise<string[]> {
    const edits = await Promise.all(filesOf(stack).map((one) => foreignEdit(stack, one)));
    return edits.flat();
}

/** Problems that prevent a change that is not part of a conversion: {@link obstacles}, and a conversion in progress. */
export const obstaclesOrConversion = (context: Context, stack: Stack) =>
    obstacles(context, stack, (state) => conversionProblem(stack.short, progressIn(state)));

/** Detects an uncommitted edit by hand: this run would apply it too, and a rollback would lose it. */
async function foreignEdit(stack: Stack, edited: Edited): Promise<string[]> {
    // For a symbolic link, git would compare only the path of its target.
    const file = realpathSync(edited.file);
    if (!inRepository(dirname(file)) || isOurs(stack, edited)) return [];
    const where = basename(edited.file);
    try {
        const status = await git(["status", "--porcelain", "--", file], dirname(file));
        if (status === "") return [];
        if (status.startsWith("??"))
            return [`${where}: is not in git yet. Commit it, so that this change gets its own commit.`];
        return [
            `${where}: has uncommitted changes that alpa-auth did not make (git status: ${status.slice(0, 2).trim()}). Commit or revert them, so that this change gets its own commit.`,
        ];
    } catch (error) {
        const [why] = errorMessage(error).split("\n");
        return [`${where}: git cannot show whether it has uncommitted changes (${why}). Run: git status`];
    }
}

/** Whether a folder is in a git repository, even if git cannot read the repository. */
function inRepository(folder: string): boolean {
    return existsSync(join(folder, ".git")) || (dirname(folder) !== folder && inRepository(dirname(folder)));
}

/** Whether the file is as this program last wrote it, or as it was before that edit. */
function isOurs(stack: Stack, edited: Edited): boolean {
    return copiesOf(stack, edited).some((copy) => existsSync(copy) && readFileSync(copy, "utf8") === edited.text);
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

/**
 * Saves the text of a file before an edit and after it, so that later commands of this clone can tell edits by hand. Secrets in
 * the copies stay encrypted.
 * @returns the copy of the text before the edit
 */
export function remember(stack: Stack, after: string, edited: Edited = stack): string {
    const [before, ours] = copiesOf(stack, edited);
    mkdirSync(dirname(before), { recursive: true, mode: 0o700 });
    writeFileSync(before, edited.text, { mode: 0o600 });
    writeFileSync(ours, after, { mode: 0o600 });
    return before;
}

/** Copies before and after the last edit, next to the stack file in a folder that git ignores. */
function copiesOf({ file, callers }: Stack, edited: Edited): [before: string, after: string] {
    const name = edited.file === callers?.file ? callers.name.replaceAll("/", "~") : basename(file);
    const copy = join(dirname(file), ".alpa-auth", "local", name);
    return [`${copy}.before`, `${copy}.after`];
}
