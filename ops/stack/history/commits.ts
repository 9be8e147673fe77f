/** Reads from git the commits that versions ran from, and whether a file can be committed. */
import { execFile } from "node:child_process";
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "../../errors";
import { ROOT } from "../../context";

/** Runs git in a folder. @throws Failure with git's error message, or after the time limit */
export function git(args: string[], folder = ROOT, seconds?: number): Promise<string> {
    return execute("git", args, folder, seconds);
}

/**
 * Runs a program, and returns its standard output. @throws Failure with its error message, or after the time limit
 * @param seconds longest time. Default: enough for git in a clone on a slow disk, without the network
 */
export function execute(program: string, args: string[], folder: string, seconds = 60): Promise<string> {
    // A git hook may have started this process. Its variables are removed, because they may name another repository.
    const { GIT_DIR: _, GIT_INDEX_FILE: __, GIT_WORK_TREE: ___, ...rest } = process.env;
    const env = { ...rest, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" };
    const options = { cwd: folder, env, maxBuffer: 64 * 1024 * 1024, timeout: seconds * 1000 };
    const what = `${program} ${args.find((arg) => !arg.startsWith("-") && !arg.includes("="))}`;
    return new Promise((resolve, reject) =>
        execFile(program, args, options, (error, stdout, stderr) => {
            if (!error) return resolve(stdout);
            const why = error.killed ? `stopped after ${seconds} s, the time limit` : "failed";
            reject(new Failure(`${what}: ${why}. Its output: ${stderr.trim() || stdout.trim() || error.message}`));
        }),
    );
}

/** Files that differ from the last commit, as git prints them, without untracked files. */
async function uncommittedFiles(folder: string): Promise<string[]> {
    const changed = await git(["status", "--porcelain", "--untracked-files=no"], folder);
    return changed.split("\n").flatMap((line) => (line === "" ? [] : [line.trim()]));
}

/** The problem of uncommitted changes: they are in no commit, so no reviewer has seen them, and git cannot restore them. */
export async function uncommitted(folder: string): Promise<string[]> {
    const [first, ...others] = await uncommittedFiles(folder);
    if (first === undefined) return [];
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return [`work tree: has uncommitted changes (git status: ${first}${more}). Commit or revert the changes.`];
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
