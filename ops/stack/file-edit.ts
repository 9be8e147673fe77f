/** Edits of a stack file, or of its callers file. */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { existsSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { Failure } from "../errors";
import { NOTHING_CHANGED } from "./backend-lock";
import { filesOf, type Edited } from "./edit-obstacles";
import type { Stack } from "./stack";

/** Name of the file in messages. */
export function nameOf(stack: Stack, edited: Edited): string {
    return edited === stack.callers ? stack.callers.name : basename(edited.file);
}

/** Unified diff for a reviewer. A config with a secret in plain text is rejected before. */
export function renderDiff(name: string, before: string, after: string): string {
    const options = { headerOptions: FILE_HEADERS_ONLY };
    return createTwoFilesPatch(name, name, before, after, "", "after this change", options).trimEnd();
}

/**
 * Writes the file atomically, since Pulumi may read it at any time. For a symbolic link, writes the file that it names.
 */
export function replace(file: string, text: string): void {
    const real = existsSync(file) ? realpathSync(file) : file;
    const scratch = `${real}.${process.pid}.tmp`;
    // Without flush, a power loss right after the rename could leave an empty file.
    writeFileSync(scratch, text, { mode: statSync(real, { throwIfNoEntry: false })?.mode, flush: true });
    renameSync(scratch, real);
}

/** @throws Failure if a file has changed since the command read it. Called under the lock of {@link takeEditLock} */
export function unchanged(stack: Stack): void {
    const changed = filesOf(stack).find(({ file, text }) => readFileSync(file, "utf8") !== text);
    if (changed)
        throw new Failure(`${nameOf(stack, changed)}: changed while the command was running. Run the command again.`);
}

/**
 * Undoes an edit whose run did not begin, unless an editor or git has changed the file since.
 * @returns a sentence about the content of the file
 */
export function undo(stack: Stack, edited: Edited, after: string): string {
    const name = nameOf(stack, edited);
    if (readFileSync(edited.file, "utf8") !== after)
        return `${name} has changed meanwhile, so the edit was not undone. Check the file with git diff, because the next pulumi up applies the edit.`;
    replace(edited.file, edited.text);
    return NOTHING_CHANGED;
}
