/** Starting a process that will be ended again, whatever becomes of the one that started it. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { identify, type ProcessIdentity } from "./identity";
import { addToLedger, removeFromLedger } from "./ledger";
import { TRACKED_MARK } from "./proc-table";
import { endProcess, type StopOptions } from "./stop";

export interface SpawnOptions {
    /** What people call it: "etcd". */
    name: string;
    command: string;
    /** No secrets: every user of the machine can read them. */
    args: string[];
    /** The whole environment. @default the environment of this process */
    env?: NodeJS.ProcessEnv;
    /** Both output streams are appended here, readable by this user only. */
    logFile: string;
    /** Where the process is recorded. */
    stateDir: string;
    /** @default the folder this process works in */
    cwd?: string;
}

export interface TrackedProcess extends ProcessIdentity {
    name: string;
    logFile: string;
    /** Settles once the process has ended, however it ended. */
    exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
    /** Ends it and takes it off the record. */
    stop(options?: StopOptions): Promise<void>;
}

export async function spawnTracked(options: SpawnOptions): Promise<TrackedProcess> {
    const { name, command, args, logFile, stateDir } = options;
    mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
    const log = openSync(logFile, "a", 0o600);
    const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...(options.env ?? process.env), [TRACKED_MARK]: stateDir },
        stdio: ["ignore", log, log],
        // A group of its own: Ctrl-C in the terminal reaches only us, and we stop the rest in order.
        detached: true,
    });
    closeSync(log);
    // Recorded before anything is awaited: the shorter this gap, the less can be lost by a kill -9 of this process.
    const identity =
        child.pid === undefined ? undefined : (identify(child.pid) ?? { pid: child.pid, started: "ended" });
    if (identity) addToLedger(stateDir, { ...identity, name, command });
    const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
        child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", (error) => {
            reject(new Error(`${name}: must be a program that can be started (${command}: ${error.message}).`));
        });
    });
    child.unref(); // what keeps this process alive is its own business
    const stop = async (stopOptions?: StopOptions) => {
        await endProcess(identity!, name, stopOptions);
        removeFromLedger(stateDir, identity!);
    };
    return { ...identity!, name, logFile, exited, stop };
}

/**
 * The part of a log to be shown in an error: from the line a Go program died with (panic, klog's F, "Error:"),
 * which a stack trace may follow, or else the end.
 */
export function lastLines(logFile: string, lines = 12): string {
    try {
        const all = readFileSync(logFile, "utf8").trimEnd().split("\n");
        const last = all.slice(-60);
        const deaths = last.filter((line) => /^(panic:|F\d{4} |Error: )|"level":"(fatal|panic)"/.test(line));
        const death = deaths.length > 0 ? last.lastIndexOf(deaths[deaths.length - 1]) : last.length - lines;
        return last.slice(Math.max(death, 0), Math.max(death, 0) + lines).join("\n");
    } catch {
        return "(no log yet)";
    }
}
