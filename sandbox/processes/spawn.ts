/** Starts processes and records them, so that they can be ended even if their parent was killed. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { identify, type ProcessIdentity } from "./identity";
import { addToLedger, removeFromLedger } from "./ledger";
import { TRACKED_MARK } from "./proc-table";
import { endProcess, type StopOptions } from "./stop";

interface SpawnOptions {
    /** Name in messages, for example "etcd". */
    name: string;
    command: string;
    /** Arguments. They must not contain secrets, because every user of the machine can read them. */
    args: string[];
    /** All environment variables of the process. @default those of this process */
    env?: NodeJS.ProcessEnv;
    /** File for both output streams, which only this user can read. */
    logFile: string;
    /** State directory whose list records the process. */
    stateDir: string;
    /** @default the current folder */
    cwd?: string;
}

export interface TrackedProcess extends ProcessIdentity {
    name: string;
    logFile: string;
    /** Resolves when the process has ended, for whatever reason. */
    exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
    /** Ends the process and removes it from the list. */
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
        // The child leads a new process group, so that Ctrl-C in the terminal reaches only this process. This process
        // then stops its children in order.
        detached: true,
    });
    closeSync(log);
    // The child is recorded before any await, so a kill -9 of this process is unlikely to leave an unlisted child.
    const identity =
        child.pid === undefined ? undefined : (identify(child.pid) ?? { pid: child.pid, started: "ended" });
    if (identity) addToLedger(stateDir, { ...identity, name, command });
    const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
        child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", (error) => {
            reject(
                new Error(
                    `${name}: cannot be started (${command}: ${error.message}). Check that it exists and is executable.`,
                ),
            );
        });
    });
    child.unref(); // the child does not keep this process alive
    const stop = async (stopOptions?: StopOptions) => {
        await endProcess(identity!, name, stopOptions);
        removeFromLedger(stateDir, identity!);
    };
    return { ...identity!, name, logFile, exited, stop };
}

/**
 * Returns the last lines of a log for an error message. If a Go program has logged a fatal error (panic, klog's F,
 * "Error:"), the result begins with that error, because a long stack trace may follow it.
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
