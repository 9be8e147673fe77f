/** Starts real programs of a world, with the settings that all of them share. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { spawnTracked, type TrackedProcess } from "../processes";

export interface Ground {
    /** State directory for recording processes and for all their files. */
    stateDir: string;
    /** Environment of the programs. It must have the variable ALPA_AUTH_SANDBOX. */
    env: NodeJS.ProcessEnv;
    log: (line: string) => void;
}

/** Creates a folder for the files of one pod. Its path is short, because paths of sockets can have at most 107 characters. */
export function folderOf({ stateDir }: Ground, uid: string): string {
    const folder = join(stateDir, "pods", createHash("sha256").update(uid).digest("hex").slice(0, 10));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
}

interface ProgramOptions {
    name: string;
    command: readonly string[];
    folder: string;
    env?: NodeJS.ProcessEnv;
}

/** Starts a program whose output goes to a file in its folder. */
export function startProgram(ground: Ground, options: ProgramOptions): Promise<TrackedProcess> {
    const { name, command, folder, env } = options;
    const [program, ...args] = command;
    return spawnTracked({
        name,
        command: program,
        args,
        env: { ...ground.env, ...env },
        cwd: folder,
        logFile: join(folder, `${name.split(" ")[0]}.log`),
        stateDir: ground.stateDir,
    });
}

/** Suspends or resumes a process. A suspended process accepts connections, but does not answer. */
export function halt({ pid }: TrackedProcess, halted: boolean): void {
    try {
        process.kill(pid, halted ? "SIGSTOP" : "SIGCONT");
    } catch (error) {
        // The process has already ended.
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}
