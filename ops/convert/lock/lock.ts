/** Allows one conversion at a time from one clone. Between clones the lock holder in the cluster decides. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../errors";
import { isAlive, readLock, takeLockFile, thisProcess, type LockHolder } from "../../lock-file";

export interface Held extends LockHolder {
    who: string;
}

export function lockFile(folder: string, stack: string): string {
    return join(folder, ".alpa-auth", "local", `convert-${stack}.lock`);
}

/** File whose existence orders the running conversion to roll back. */
export function orderFile(folder: string, stack: string): string {
    return join(folder, ".alpa-auth", "local", `convert-${stack}.abort`);
}

/** The process that holds the lock; undefined if there is no lock, or if its process has ended. */
export function holderOf(folder: string, stack: string): Held | undefined {
    const held = readLock<Held>(lockFile(folder, stack));
    return held !== undefined && isAlive(held) ? held : undefined;
}

/**
 * Takes the lock, also a stale lock after a crash.
 * @returns a function that releases the lock
 * @throws UsageError that names the lock holder
 */
export function takeLock(folder: string, stack: string, who: string, at: Date): () => void {
    const file = lockFile(folder, stack);
    const held: Held = { ...thisProcess(at), who };
    const release = takeLockFile<Held>(file, held, (other) => new UsageError([busy(stack, file, other)]));
    rmSync(orderFile(folder, stack), { force: true });
    return release;
}

function busy(stack: string, file: string, held: Held | undefined): string {
    const by =
        held === undefined
            ? "of another process"
            : `by ${held.who} since ${held.since}, pid ${held.pid} on ${held.host}`;
    return `${stack}: has a conversion in progress already (${by}). Check: npm run ops -- convert status. If that process no longer exists, remove ${file}`;
}
