/** One conversion at a time from one clone. Between clones the cluster's record of the holder decides. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors";
import { isAlive, readLock, takeLockFile, thisProcess, type LockHolder } from "../lock-file";

/** What an operator types in front of `run`, `status` and `abort`. */
export type CutoverCommand = "convert" | "model upgrade";

export interface Held extends LockHolder {
    who: string;
    /** Command that runs. Unset: an older version took the lock. */
    command?: CutoverCommand;
}

function lockFile(folder: string, stack: string): string {
    return join(folder, ".alpa-auth", "local", `convert-${stack}.lock`);
}

/** File that asks the running conversion to return, by its existence. */
export function orderFile(folder: string, stack: string): string {
    return join(folder, ".alpa-auth", "local", `convert-${stack}.abort`);
}

/** The process that holds the lock; undefined if there is none, or if it has ended. */
export function holderOf(folder: string, stack: string): Held | undefined {
    const held = readLock<Held>(lockFile(folder, stack));
    return held !== undefined && isAlive(held) ? held : undefined;
}

/**
 * Takes the lock, also one that a crash has left.
 * @returns what gives it back
 * @throws UsageError that says who has it
 */
export function takeLock(
    folder: string,
    stack: string,
    { who, command }: Pick<Held, "who" | "command">,
    at: Date,
): () => void {
    const file = lockFile(folder, stack);
    const held: Held = { ...thisProcess(at), who, command };
    const release = takeLockFile<Held>(file, held, (other) => new UsageError([busy(stack, file, other)]));
    rmSync(orderFile(folder, stack), { force: true });
    return release;
}

function busy(stack: string, file: string, held: Held | undefined): string {
    const by =
        held === undefined ? "another process's" : `${held.who}'s since ${held.since}, pid ${held.pid} on ${held.host}`;
    const command = held?.command ?? "convert";
    const what = command === "convert" ? "a conversion" : "an upgrade of its model";
    return `${stack}: has ${what} in progress already (${by}). Check: npm run ops -- ${command} status. If that process no longer exists, remove ${file}`;
}
