/**
 * The guard: a small process next to the command that starts a sandbox, connected to it by Node.js' IPC channel. When that
 * command ends in any way (Ctrl-C, kill -9, a closed terminal), the channel closes and the guard stops all recorded processes.
 */
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { identify } from "./identity";
import { addToLedger, removeFromLedger } from "./ledger";
import { endProcess } from "./stop";

interface GuardOptions {
    stateDir: string;
    /** Id of the sandbox (value of ALPA_AUTH_SANDBOX). Orphaned Pulumi plugins with this id are ended too. */
    sandboxId: string;
}

export interface Guard {
    pid: number;
    /**
     * Called for `--detach`, so that the command can end without stopping the sandbox. The process `worldPid` runs the
     * emulators. When it ends, the guard stops all remaining processes.
     */
    release(worldPid: number): Promise<void>;
    /** Ends the guard. Called after everything else has been stopped in order. */
    stop(): Promise<void>;
}

/** Path of the TypeScript loader, absolute so that the current folder does not matter. */
const LOADER = require.resolve("tsx/cjs");

/** Longest wait for an answer of the guard, in seconds. Measured: 0.7 on an idle core, 3.5 while other sandboxes run. */
const ANSWER_SECONDS = 60;

export async function startGuard(options: GuardOptions): Promise<Guard> {
    const { stateDir, sandboxId } = options;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const log = openSync(join(stateDir, "guard.log"), "a", 0o600);
    const child = fork(join(__dirname, "guard-main.ts"), [stateDir, sandboxId], {
        execArgv: [`--require=${LOADER}`],
        stdio: ["ignore", "ignore", log, "ipc"],
        detached: true,
    });
    closeSync(log);
    if (child.pid === undefined)
        throw new Error(`guard: ${process.execPath} cannot be started. Check that it exists and is executable.`);
    const identity = identify(child.pid) ?? { pid: child.pid, started: "ended" };
    addToLedger(stateDir, { ...identity, name: "guard", command: "guard", role: "guard" });
    await answered(child);
    child.unref();
    child.channel?.unref();
    return {
        pid: identity.pid,
        release: async (worldPid) => {
            child.send({ watch: worldPid });
            await answered(child);
        },
        stop: async () => {
            await endProcess(identity, "guard", { graceSeconds: 2 });
            removeFromLedger(stateDir, identity);
        },
    };
}

/** Waits for the next message. Rejects when the guard ends, or ANSWER_SECONDS have passed. */
function answered(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
        const settle = (error?: Error) => {
            clearTimeout(timer);
            child.off("message", done).off("exit", ended);
            if (error) reject(error);
            else resolve();
        };
        const done = () => settle();
        const ended = () => settle(new Error("the sandbox's guard process ended before it answered. See guard.log."));
        const late = `the sandbox's guard process did not answer within ${ANSWER_SECONDS} s. See guard.log.`;
        const timer = setTimeout(() => settle(new Error(late)), ANSWER_SECONDS * 1000);
        child.once("message", done).once("exit", ended);
    });
}
