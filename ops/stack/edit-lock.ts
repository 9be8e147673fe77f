/**
 * The lock of a stack's files. A command takes it before it checks that the files are unchanged, and releases it when its
 * `pulumi up` has ended. It names the process that holds it, so that a lock left by a crash can be removed.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Context } from "../context";
import { Failure } from "../errors";
import { shownPath } from "../output";
import { NOTHING_CHANGED } from "./backend-lock";

/** The process that holds a lock. */
interface Holder {
    pid: number;
    /** Start time of the process from the system, since a pid can be reused. Unset if the system does not provide it. */
    began?: string;
    host: string;
    /** When the holder took the lock, as `2026-11-26T12:00:00.000Z`. */
    since: string;
}

/**
 * Takes the lock, a file in a folder of the clone that git ignores. Commands that only read do not need it. If the process that
 * holds the lock no longer runs, its lock is removed first.
 * @param short last part of the stack's name
 * @returns a function that releases the lock, which is also released when this process exits
 * @throws Failure if another process holds it
 */
export function takeEditLock({ note, folder }: Pick<Context, "note" | "folder">, short: string): () => void {
    const file = join(folder, ".alpa-auth", "local", `Pulumi.${short}.yaml.lock`);
    const busy = (other?: Holder) =>
        new Failure(
            `${short}: another command is changing the stack file${by(other)}. ${NOTHING_CHANGED} Wait for that command to end${remedy(file, other)}. Then run this command again.`,
        );
    const self = { pid: process.pid, began: beganAt(process.pid), host: hostname(), since: new Date().toISOString() };
    const text = JSON.stringify(self);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (!wrote(file, text)) {
        const other = readLock(file);
        if (other !== undefined && isAlive(other)) throw busy(other);
        putAside(file, other, busy);
        note(`${short}: removed the lock of a command that no longer runs${by(other)}.`);
        if (!wrote(file, text)) throw busy(readLock(file));
    }
    const release = () => {
        process.off("exit", release);
        // The file may be another process's lock by now, if an operator removed this process's lock.
        if (JSON.stringify(readLock(file)) === text) rmSync(file, { force: true });
    };
    process.on("exit", release);
    return release;
}

/** Whether the lock was free, and is this process's lock now. */
function wrote(file: string, text: string): boolean {
    try {
        writeFileSync(file, text, { flag: "wx", mode: 0o600 });
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        return false;
    }
}

/** @returns undefined if there is no lock, or if it cannot be read */
function readLock(file: string): Holder | undefined {
    try {
        return JSON.parse(readFileSync(file, "utf8")) as Holder;
    } catch {
        return undefined;
    }
}

/** Removes a stale lock. If two processes do so at the same time, one of them is rejected. */
function putAside(file: string, seen: Holder | undefined, busy: (other?: Holder) => Failure): void {
    const aside = `${file}.${process.pid}`;
    try {
        renameSync(file, aside);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        throw busy();
    }
    const moved = readLock(aside);
    if (JSON.stringify(moved) === JSON.stringify(seen)) return rmSync(aside, { force: true });
    renameSync(aside, file);
    throw busy(moved);
}

/** Whether the lock's process runs. A process of another machine cannot be checked, so it is considered alive. */
export function isAlive({ pid, began, host }: Omit<Holder, "since">): boolean {
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
    try {
        return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
    } catch {
        return undefined;
    }
}

function by(holder: Holder | undefined): string {
    return holder === undefined ? "" : ` (pid ${holder.pid} on ${holder.host}, since ${holder.since})`;
}

/** Advice for a lock of another host, whose process cannot be checked from here. */
function remedy(lock: string, holder: Holder | undefined): string {
    if (holder === undefined || holder.host === hostname()) return "";
    return `; if it no longer runs on ${holder.host}, remove ${shownPath(lock)}`;
}
