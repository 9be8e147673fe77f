import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import * as path from "node:path";

/** Folder of the emulators' sources. Only the bundle that toolchain/launchers.ts builds defines it. */
declare const EMULATORS_FOLDER: string | undefined;
const FOLDER = typeof EMULATORS_FOLDER === "string" ? EMULATORS_FOLDER : path.join(__dirname, "..");

/** Time until a process that got SIGINT is killed, in milliseconds. The released host waits 5 s too. */
const GRACE_MS = 5000;

interface Ended {
    code: number | undefined;
    signal: NodeJS.Signals | undefined;
}

/** The processes of the language host. None of them outlives it. */
export class Children {
    private readonly running = new Set<ChildProcess>();

    /** Starts Node.js. The new process ends by itself if this process is killed. */
    startNode(args: string[], options: SpawnOptions): ChildProcess {
        // `--require` and its value are one argument. From two arguments, @pulumi/pulumi would conclude that the file is a
        // TypeScript loader, and it would not add its own loader.
        const watch = `--require=${path.join(FOLDER, "exit-with-parent.cjs")}`;
        const child = spawn(process.execPath, [watch, ...args], options);
        this.running.add(child);
        for (const event of ["close", "error"]) child.once(event, () => this.running.delete(child));
        return child;
    }

    /** Resolves when the process has ended and its output is complete. */
    static ended(child: ChildProcess): Promise<Ended> {
        return new Promise((resolve, reject) => {
            child.once("error", reject);
            child.once("close", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
        });
    }

    /** Sends SIGINT to a process, and kills it after a timeout. */
    static interrupt(child: ChildProcess): void {
        child.kill("SIGINT");
        const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
        child.once("close", () => clearTimeout(timer));
    }

    /** Interrupts every process. */
    stop(): void {
        for (const child of this.running) Children.interrupt(child);
    }

    /** Kills all processes at once. Called before this process ends. */
    kill(): void {
        for (const child of this.running) child.kill("SIGKILL");
    }
}
