/**
 * The lock of a stack's files. A command takes it before it checks that the files are unchanged, and releases it when its
 * `pulumi up` has ended.
 */
import { hostname } from "node:os";
import { join } from "node:path";
import type { Context } from "../context";
import { Failure } from "../errors";
import { takeLockFile, thisProcess, type LockHolder } from "../lock-file";
import { shownPath } from "../output";
import { NOTHING_CHANGED } from "./backend-lock";

/** Another command has the lock. */
class EditLocked extends Failure {
    /**
     * @param who start of the message: says that another command edits the stack, and which process it is
     * @param remedy advice for a lock that may be stale, as the end of a sentence; empty if there is no advice
     */
    constructor(
        readonly who: string,
        readonly remedy: string,
    ) {
        super(`${who}. ${NOTHING_CHANGED} Wait for that command to end${remedy}. Then run this command again.`);
    }
}

/**
 * Takes the lock, a file in a folder of the clone that git ignores. Commands that only read do not need it.
 * @param short last part of the stack's name
 * @returns a function that releases the lock
 * @throws EditLocked
 */
export function takeEditLock({ note, folder }: Pick<Context, "note" | "folder">, short: string): () => void {
    const lock = join(folder, ".alpa-auth", "local", `Pulumi.${short}.yaml.lock`);
    const busy = (other?: LockHolder) =>
        new EditLocked(`${short}: another command is changing the stack file${by(other)}`, remedy(lock, other));
    return takeLockFile(lock, thisProcess(), busy, (other) =>
        note(`${short}: removed the lock of a command that no longer runs${by(other)}.`),
    );
}

function by(holder: LockHolder | undefined): string {
    return holder === undefined ? "" : ` (pid ${holder.pid} on ${holder.host}, since ${holder.since})`;
}

/** Advice for a lock of another host, whose process cannot be checked from here. */
function remedy(lock: string, holder: LockHolder | undefined): string {
    if (holder === undefined || holder.host === hostname()) return "";
    return `; if it no longer runs on ${holder.host}, remove ${shownPath(lock)}`;
}
