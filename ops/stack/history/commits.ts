/** What git knows of the commits that versions ran from. */
import { execFile } from "node:child_process";
import { Failure } from "../../errors";
import { ROOT } from "../../context";

/** Runs git in a folder. @throws Failure in its own words */
export function git(args: string[], folder = ROOT): Promise<string> {
    // Not the variables of a hook that may have called us: they would name another repository.
    const { GIT_DIR: _, GIT_INDEX_FILE: __, GIT_WORK_TREE: ___, ...rest } = process.env;
    return new Promise((resolve, reject) =>
        execFile(
            "git",
            ["-C", folder, ...args],
            { env: { ...rest, LC_ALL: "C" }, maxBuffer: 64 * 1024 * 1024 },
            (error, stdout, stderr) =>
                error
                    ? reject(new Failure(`git ${args[0]}: must succeed. It said: ${stderr.trim() || error.message}`))
                    : resolve(stdout),
        ),
    );
}

export async function hasCommit(commit: string, folder?: string): Promise<boolean> {
    if (!/^[0-9a-f]{7,64}$/.test(commit)) return false;
    return git(["cat-file", "-e", `${commit}^{commit}`], folder).then(
        () => true,
        () => false,
    );
}

/** Subjects of the commits between two, the newest first, those that are taken back marked. Undefined: one is not here. */
export async function commitsBetween(from: string, to: string, folder?: string): Promise<string[] | undefined> {
    if (!(await hasCommit(from, folder)) || !(await hasCommit(to, folder))) return undefined;
    const log = await git(["log", "--left-right", "--format=%m %h %s", `${from}...${to}`], folder);
    return log
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => (line.startsWith("<") ? `taken back: ${line.slice(2)}` : line.slice(2)));
}
