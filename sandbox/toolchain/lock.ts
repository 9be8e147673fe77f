import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { ToolchainError } from "./errors";
import { duration, type Log } from "./log";

/** Longest wait for a build of another process, in seconds: six times the slowest build. */
const WAIT_SECONDS = 30 * 60;
const POLL_MS = 200;

interface LockOptions {
    /** Name of the awaited cache entry, for messages. */
    what: string;
    log: Log;
}

/** Creates the lock file with its content in one step, so that no reader gets only a part of it. @returns false if it exists */
function claim(file: string): boolean {
    const draft = `${file}.${randomUUID()}`;
    fs.writeFileSync(draft, `${process.pid}\n`);
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

function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}

/**
 * Acquires the lock file, and waits while another process holds it. Returns a function that releases it. The lock only saves
 * work: each build has its own folder, which one rename moves into the cache.
 */
export async function takeLock(file: string, options: LockOptions): Promise<() => void> {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const { what, log } = options;
    const started = Date.now();
    let said = false;
    while (!claim(file)) {
        const holder = fs.existsSync(file) ? Number(fs.readFileSync(file, "utf8").split(/\s/)[0]) : undefined;
        if (holder === undefined) continue; // the other process has just released the lock
        if (!holder || !isAlive(holder)) {
            log(`${what}: taking over the lock of process ${holder || "unknown"}, which has ended`);
            fs.rmSync(file, { force: true });
            continue;
        }
        const waited = (Date.now() - started) / 1000;
        if (waited >= WAIT_SECONDS)
            throw new ToolchainError(
                `${what}: waited ${duration(waited)} for process ${holder}, which is creating it. If that process hangs, ` +
                    `end it and run the command again. The lock file is ${file}.`,
            );
        if (!said) log(`${what}: waiting for process ${holder}, which is creating it`);
        said = true;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return () => fs.rmSync(file, { force: true });
}
