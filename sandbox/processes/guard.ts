/**
 * The guard: a small process next to the command that starts a sandbox, connected to it by a pipe. When that command ends in
 * any way (Ctrl-C, kill -9, a closed terminal), the pipe closes and the guard stops all recorded processes.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { identify } from "./identity";
import { addToLedger, removeFromLedger } from "./ledger";
import { endProcess } from "./stop";

interface GuardOptions {
    stateDir: string;
    /** Id of the sandbox (value of ALPA_AUTH_SANDBOX). Orphaned Pulumi plugins with this id are ended too. */
    sandboxId: string;
    /** @default guard.log in `stateDir` */
    logFile?: string;
}

export interface Guard {
    pid: number;
    /**
     * Called for `--detach`, so that the command can end without stopping the sandbox. The process `worldPid` runs the
     * emulators. When `worldPid` ends, the guard stops all remaining processes. Without `worldPid`, the guard only
     * waits for `down`.
     */
    release(worldPid?: number): Promise<void>;
    /** Ends the guard. Called after everything else has been stopped in order. */
    stop(): Promise<void>;
}

export async function startGuard(options: GuardOptions): Promise<Guard> {
    const { stateDir, sandboxId } = options;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const log = openSync(options.logFile ?? join(stateDir, "guard.log"), "a", 0o600);
    const main = join(__dirname, "guard-main.ts");
    const child = spawn(process.execPath, [`--require=${LOADER}`, main, stateDir, sandboxId], {
        stdio: ["pipe", "pipe", log],
        detached: true,
    });
    closeSync(log);
    if (child.pid === undefined)
        throw new Error(`guard: ${process.execPath} cannot be started. Check that it exists and is executable.`);
    const identity = identify(child.pid) ?? { pid: child.pid, started: "ended" };
    addToLedger(stateDir, { ...identity, name: "guard", command: "guard", role: "guard" });
    const answers = lines(child.stdout!);
    // Errors of writing are ignored. If the guard has ended, `answers.next` reports it.
    child.stdin!.on("error", () => undefined);
    await answers.next("ready");
    child.unref();
    for (const stream of [child.stdin!, child.stdout!]) (stream as unknown as { unref(): void }).unref();
    return {
        pid: identity.pid,
        release: async (worldPid) => {
            child.stdin!.write(worldPid === undefined ? "stay\n" : `watch ${worldPid}\n`);
            await answers.next("released");
        },
        stop: async () => {
            await endProcess(identity, "guard", { graceSeconds: 2 });
            removeFromLedger(stateDir, identity);
        },
    };
}

/** Path of the TypeScript loader, absolute so that the current folder does not matter. */
const LOADER = require.resolve("tsx/cjs");

/**
 * Longest wait for a line from the guard, in seconds. Measured: 0.7 on an idle core, 3.5 while other sandboxes run.
 */
const ANSWER_SECONDS = 60;

/** Reads lines from the guard. `next` waits for a line, and rejects when the guard ends or ANSWER_SECONDS have passed. */
function lines(stream: NodeJS.ReadableStream) {
    const waiting: { line: string; resolve: () => void; reject: (error: Error) => void }[] = [];
    let seen: string[] = [];
    let ended = false;
    const settle = () => {
        for (const one of [...waiting]) {
            if (seen.includes(one.line)) one.resolve();
            else if (ended)
                one.reject(
                    new Error(`the sandbox's guard process ended before it answered "${one.line}". See guard.log.`),
                );
        }
    };
    stream.on("data", (chunk: Buffer) => {
        seen.push(...chunk.toString().trim().split("\n"));
        settle();
    });
    stream.on("close", () => {
        ended = true;
        settle();
    });
    return {
        next: (line: string) =>
            new Promise<void>((resolve, reject) => {
                const late = `the sandbox's guard process did not answer "${line}" within ${ANSWER_SECONDS} s. See guard.log.`;
                const timer = setTimeout(() => reject(new Error(late)), ANSWER_SECONDS * 1000);
                const done = (settled: () => void) => {
                    clearTimeout(timer);
                    waiting.splice(waiting.indexOf(one), 1);
                    seen = seen.filter((s) => s !== line);
                    settled();
                };
                const one = {
                    line,
                    resolve: () => done(resolve),
                    reject: (error: Error) => done(() => reject(error)),
                };
                waiting.push(one);
                settle();
            }),
    };
}
