/** Lock for one cutover at a time in one clone. Between clones, the lock holder in the cluster decides. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { UsageError } from "../errors";

/** The words in front of `run`, `status` and `abort` on the command line. */
export type CutoverCommand = "convert" | "model upgrade";

export interface Held {
    pid: number;
    /** Start time of the process, since a pid can be reused. Unset if the operating system does not provide it. */
    began?: string;
    host: string;
    who: string;
    /** The running command. Unset if an older version took the lock. */
    command?: CutoverCommand;
    /** For example `2026-11-26T12:00:00.000Z`. */
    since: string;
}

export function lockFile(folder: string, stack: string): string {
    return join(folder, ".alpa-auth", "local", `convert-${stack}.lock`);
}

/** File whose existence orders the running conversion to return. */
export function orderFile(folder: string, stack: string): string {
    return join(folder, ".alpa-auth", "local", `convert-${stack}.abort`);
}

/** The process that holds the lock; undefined if there is no lock, or if its process has ended. */
export function holderOf(folder: string, stack: string): Held | undefined {
    const held = read(lockFile(folder, stack));
    return held !== undefined && isAlive(held) ? held : undefined;
}

/**
 * Takes the lock, also a stale lock after a crash.
 * @returns a function that releases the lock
 * @throws UsageError that names the lock holder
 */
export function takeLock(
    folder: string,
    stack: string,
    { who, command }: Pick<Held, "who" | "command">,
    at: Date,
): () => void {
    const file = lockFile(folder, stack);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const held: Held = {
        pid: process.pid,
        began: beganAt(process.pid),
        host: hostname(),
        who,
        command,
        since: at.toISOString(),
    };
    for (let tries = 0; ; tries++) {
        try {
            writeFileSync(file, JSON.stringify(held), { flag: "wx", mode: 0o600 });
            break;
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        }
        const other = read(file);
        if (tries > 0 || (other !== undefined && isAlive(other))) throw new UsageError([busy(stack, file, other)]);
        putAside(file, other, stack);
    }
    rmSync(orderFile(folder, stack), { force: true });
    return () => rmSync(file, { force: true });
}

/** Removes a stale lock; of two processes that see it at the same time, one is rejected. */
function putAside(file: string, seen: Held | undefined, stack: string): void {
    const aside = `${file}.${process.pid}`;
    try {
        renameSync(file, aside);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        throw new UsageError([busy(stack, file, undefined)]);
    }
    const moved = read(aside);
    if (JSON.stringify(moved) === JSON.stringify(seen)) return rmSync(aside, { force: true });
    renameSync(aside, file);
    throw new UsageError([busy(stack, file, moved)]);
}

function busy(stack: string, file: string, held: Held | undefined): string {
    const by =
        held === undefined
            ? "another process's"
            : `by ${held.who} since ${held.since}, pid ${held.pid} on ${held.host}`;
    const command = held?.command ?? "convert";
    const what = command === "convert" ? "a conversion" : "an upgrade of its model";
    return `${stack}: has ${what} in progress already (${by}). Check: npm run ops -- ${command} status. If that process no longer exists, remove ${file}`;
}

function read(file: string): Held | undefined {
    try {
        return JSON.parse(readFileSync(file, "utf8")) as Held;
    } catch {
        return undefined;
    }
}

/** Whether a process still runs. A process of another machine cannot be checked, so it counts as running. */
function isAlive({ pid, began, host }: Held): boolean {
    if (host !== hostname()) return true;
    try {
        process.kill(pid, 0);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    }
    const now = beganAt(pid);
    return began === undefined || now === undefined || began === now;
}

/** Start time of a process; undefined on systems other than Linux. */
function beganAt(pid: number): string | undefined {
    const stat = `/proc/${pid}/stat`;
    if (!existsSync(stat)) return undefined;
    try {
        return readFileSync(stat, "utf8").split(") ")[1]?.split(" ")[19];
    } catch {
        return undefined;
    }
}
