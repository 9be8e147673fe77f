import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { ToolchainError } from "./errors";
import { duration, type Log } from "./log";

/** Longest wait for a build of another process, in seconds. The slowest tool takes 5 minutes on two busy cores. */
const WAIT_SECONDS = 30 * 60;

/** Poll interval of a waiting run, in milliseconds. */
const POLL_MS = 200;

/** Interval of messages of a waiting run, in milliseconds. */
const SAY_MS = 15_000;

interface LockOptions {
    /** Name of the awaited cache entry, for messages. */
    what: string;
    log: Log;
    /** Longest wait for the lock. @default 1800, six times the slowest build */
    waitSeconds?: number;
}

/**
 * Start time of a process, as the kernel reports it. It distinguishes the process from a later one with the same pid.
 */
function startOf(pid: number): string {
    try {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
        // Field 2 is the name of the program in brackets, which may contain spaces. Field 22 is the start time (proc(5)).
        return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "?";
    } catch {
        return "?"; // there is no /proc (macOS), or the process has ended
    }
}

function isAlive(pid: number, start: string): boolean {
    try {
        process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
    return start === "?" || startOf(pid) === start;
}

/** Creates the lock file with its content in one step, so that no reader gets only a part of it. @returns false if it exists */
function claim(file: string, content: string): boolean {
    const draft = `${file}.${randomUUID()}`;
    fs.writeFileSync(draft, content);
    try {
        fs.linkSync(draft, file);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        return false;
    } finally {
        fs.rmSync(draft, { force: true });
    }
}

function read(file: string): string | undefined {
    try {
        return fs.readFileSync(file, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
    }
}

/**
 * Removes the lock of a dead process. The file is renamed first: of two concurrent runs, only one can rename it. If the
 * renamed file turns out to be the new lock of a different run, it is restored.
 */
function removeStale(file: string, expected: string): void {
    const aside = `${file}.${randomUUID()}`;
    try {
        fs.renameSync(file, aside);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        throw error;
    }
    if (read(aside) !== expected) claim(file, read(aside) ?? "");
    fs.rmSync(aside, { force: true });
}

/**
 * Acquires the lock file, and waits while another process holds it. Returns a function that releases it.
 *
 * The lock only saves work. Without it the cache would stay valid too: each build has its own folder, which one rename moves
 * into the cache.
 */
export async function takeLock(file: string, options: LockOptions): Promise<() => void> {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const mine = `${process.pid} ${startOf(process.pid)} ${randomUUID()}\n`;
    const limit = options.waitSeconds ?? WAIT_SECONDS;
    const started = Date.now();
    let nextWord = 0;
    for (;;) {
        if (claim(file, mine)) {
            return () => {
                if (read(file) === mine) fs.rmSync(file, { force: true });
            };
        }
        const held = read(file);
        if (held === undefined) continue; // the other process has just released the lock
        const [pid, start] = held.trim().split(" ");
        if (!/^\d+$/.test(pid ?? "") || !isAlive(Number(pid), start ?? "?")) {
            options.log(`${options.what}: taking over the lock of process ${pid || "unknown"}, which has ended`);
            removeStale(file, held);
            continue;
        }
        const waited = (Date.now() - started) / 1000;
        if (waited >= limit) {
            throw new ToolchainError(
                `${options.what}: waited ${duration(waited)} for process ${pid}, which is creating it. ` +
                    `Check that process: ps -fp ${pid}. If that process hangs, end it and run the command again. The lock file is ${file}.`,
            );
        }
        if (Date.now() >= nextWord) {
            options.log(`${options.what}: waiting for process ${pid}, which is creating it … ${duration(waited)}`);
            nextWord = Date.now() + SAY_MS;
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
}
