/**
 * A lock file for one process at a time. It names the process that holds it, so that a lock left by a crash can be
 * removed.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";

/** The process that holds a lock. */
export interface LockHolder {
    pid: number;
    /** Start time of the process from the system, since a pid can be reused. Unset if the system does not provide it. */
    began?: string;
    host: string;
    /** When the holder took the lock, as `2026-11-26T12:00:00.000Z`. */
    since: string;
}

/** This process as a holder. */
export function thisProcess(at = new Date()): LockHolder {
    return { pid: process.pid, began: beganAt(process.pid), host: hostname(), since: at.toISOString() };
}

/**
 * Takes the lock. If the process that holds the lock no longer runs, its lock is removed first.
 * @param busy creates the error if another process holds the lock; `other` is undefined if the file cannot be read
 * @param onStale called after a lock was removed because its process no longer runs
 * @returns a function that releases the lock; the lock is also released when this process exits
 */
export function takeLockFile<T extends LockHolder>(
    file: string,
    held: T,
    busy: (other?: T) => Error,
    onStale: (other?: T) => void = () => undefined,
): () => void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const text = JSON.stringify(held);
    for (let tries = 0; ; tries++) {
        try {
            writeFileSync(file, text, { flag: "wx", mode: 0o600 });
            break;
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        }
        const other = readLock<T>(file);
        if (tries > 0 || (other !== undefined && isAlive(other))) throw busy(other);
        putAside(file, other, busy);
        onStale(other);
    }
    const release = () => {
        process.off("exit", release);
        // The file may be another process's lock by now, if an operator removed this process's lock.
        if (JSON.stringify(readLock(file)) === text) rmSync(file, { force: true });
    };
    process.on("exit", release);
    return release;
}

/** @returns undefined if there is no lock, or if it cannot be read */
function readLock<T extends LockHolder>(file: string): T | undefined {
    try {
        return JSON.parse(readFileSync(file, "utf8")) as T;
    } catch {
        return undefined;
    }
}

/** Removes a stale lock. If two processes do so at the same time, one of them is rejected. */
function putAside<T extends LockHolder>(file: string, seen: T | undefined, busy: (other?: T) => Error): void {
    const aside = `${file}.${process.pid}`;
    try {
        renameSync(file, aside);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        throw busy();
    }
    const moved = readLock<T>(aside);
    if (JSON.stringify(moved) === JSON.stringify(seen)) return rmSync(aside, { force: true });
    renameSync(aside, file);
    throw busy(moved);
}

/** Whether the lock's process runs. A process of another machine cannot be checked, so it is considered alive. */
export function isAlive({ pid, began, host }: LockHolder): boolean {
    if (host !== hostname()) return true;
    try {
        process.kill(pid, 0);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    }
    const now = beganAt(pid);
    return began === undefined || now === undefined || began === now;
}

/** Start time of a process, from the system. Available on Linux only. */
function beganAt(pid: number): string | undefined {
    const stat = `/proc/${pid}/stat`;
    if (!existsSync(stat)) return undefined;
    try {
        return readFileSync(stat, "utf8").split(") ")[1]?.split(" ")[19];
    } catch {
        return undefined;
    }
}
