/** Reads from git the commits that versions ran from, and whether a file can be committed. */
import { execFile } from "node:child_process";
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "../../errors";
import { ROOT } from "../../context";

interface GitOptions {
    /** Longest time, in seconds. @default 60, enough for a clone on a slow disk: no call needs the network */
    timeoutSeconds?: number;
    /** Signal that stops git. */
    signal?: AbortSignal;
}

/** Runs git in a folder. @throws Failure with git's error message, or after the time limit */
export function git(args: string[], folder = ROOT, { timeoutSeconds = 60, signal }: GitOptions = {}): Promise<string> {
    // A git hook may have started this process. Its variables are removed, because they may name another repository.
    const { GIT_DIR: _, GIT_INDEX_FILE: __, GIT_WORK_TREE: ___, ...rest } = process.env;
    const env = { ...rest, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" };
    const limits = { maxBuffer: 64 * 1024 * 1024, timeout: timeoutSeconds * 1000, signal };
    const what = args.find((arg) => !arg.startsWith("-") && !arg.includes("="))!;
    return new Promise((resolve, reject) =>
        execFile("git", ["-C", folder, ...args], { env, ...limits }, (error, stdout, stderr) => {
            if (!error) return resolve(stdout);
            if (signal?.aborted) return reject(signal.reason as Error);
            const message = stderr.trim() || error.message;
            reject(
                new Failure(
                    error.killed
                        ? `git ${what}: stopped after ${timeoutSeconds} s, the time limit. Its output: ${stderr.trim() || "none"}`
                        : `git ${what}: failed: ${message}`,
                ),
            );
        }),
    );
}

/** Files that differ from the last commit, as git prints them, without untracked files. */
export async function uncommittedFiles(folder: string): Promise<string[]> {
    const changed = await git(["status", "--porcelain", "--untracked-files=no"], folder);
    return changed.split("\n").flatMap((line) => (line === "" ? [] : [line.trim()]));
}

/**
 * Whether git tracks an existing file, or would add it, so that advice to commit the file makes sense. False outside of a
 * work tree, and for ignored files, for example those of the sandbox.
 */
export async function isCommittable(file: string): Promise<boolean> {
    const own = realpathSync(file);
    return git(["ls-files", "--cached", "--others", "--exclude-standard", "--", own], dirname(own)).then(
        (list) => list !== "",
        () => false,
    );
}

export async function hasCommit(commit: string, folder?: string): Promise<boolean> {
    if (!/^[0-9a-f]{7,64}$/.test(commit)) return false;
    return git(["cat-file", "-e", `${commit}^{commit}`], folder).then(
        () => true,
        () => false,
    );
}

/**
 * Subjects of the commits between two commits, the newest first, with reverted ones marked. Undefined if one of the two
 * is not in this clone.
 */
export async function commitsBetween(from: string, to: string, folder?: string): Promise<string[] | undefined> {
    if (!(await hasCommit(from, folder)) || !(await hasCommit(to, folder))) return undefined;
    const log = await git(["log", "--left-right", "--format=%m %h %s", `${from}...${to}`], folder);
    return log
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => (line.startsWith("<") ? `reverted: ${line.slice(2)}` : line.slice(2)));
}
