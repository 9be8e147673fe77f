import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import * as path from "node:path";

/** In the one file that toolchain/launchers.ts makes of this program: the folder its sources lie in. */
declare const EMULATORS_FOLDER: string | undefined;
const FOLDER = typeof EMULATORS_FOLDER === "string" ? EMULATORS_FOLDER : path.join(__dirname, "..");

/** Time a process has to end by itself after it was asked to, in milliseconds. The released host waits 5 s too. */
const GRACE_MS = 5000;

export interface Ended {
    code: number | undefined;
    signal: NodeJS.Signals | undefined;
}

/** The processes the language host has started. None of them may outlive it. */
export class Children {
    private readonly running = new Set<ChildProcess>();

    /** Starts Node.js; the new process ends by itself if this one is killed. */
    startNode(args: string[], options: SpawnOptions): ChildProcess {
        // `--require=…` in one word: @pulumi/pulumi looks for a bare `--require` to find out whether another loader is in use.
        const watch = `--require=${path.join(FOLDER, "exit-with-parent.cjs")}`;
        return this.start(process.execPath, [watch, ...args], options);
    }

    /** Starts another program. */
    start(command: string, args: string[], options: SpawnOptions): ChildProcess {
        const child = spawn(command, args, options);
        this.running.add(child);
        child.once("close", () => this.running.delete(child));
        child.once("error", () => this.running.delete(child));
        return child;
    }

    /** Resolves when the process has ended and its output is complete. */
    static ended(child: ChildProcess): Promise<Ended> {
        return new Promise((resolve, reject) => {
            child.once("error", reject);
            child.once("close", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
        });
    }

    /** Asks a process to end, and ends it if it does not. */
    static interrupt(child: ChildProcess): void {
        child.kill("SIGINT");
        const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
        child.once("close", () => clearTimeout(timer));
    }

    /** Interrupts every process. */
    stop(): void {
        for (const child of this.running) Children.interrupt(child);
    }

    /** Ends every process at once: this one is about to go. */
    kill(): void {
        for (const child of this.running) child.kill("SIGKILL");
    }
}
