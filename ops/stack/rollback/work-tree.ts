/** A work tree with the program of another commit and its packages, outside of the clone. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, type Context } from "../../context";
import { Failure } from "../../errors";
import { git } from "../history/commits";

interface WorkTreeOptions {
    /** Signal that stops the creation of the work tree. */
    signal?: AbortSignal;
    /** Longest time for `npm ci`, in seconds. @default 600: 700 packages need 200 seconds through a slow proxy */
    installSeconds?: number;
}

/** Longest time for a checkout. git needs one second for a repository of this size; the rest is for a slow disk. */
const CHECKOUT_SECONDS = 300;

/**
 * Runs `use` with a runnable work tree of the commit, and removes it afterwards. It uses the clone's packages if the
 * lock file is the same; otherwise it installs them.
 */
export async function withWorkTree<T>(
    context: Context,
    commit: string,
    { signal, installSeconds = 600 }: WorkTreeOptions,
    use: (folder: string) => Promise<T>,
): Promise<T> {
    const scratch = mkdtempSync(join(tmpdir(), "alpa-auth-rollback-"));
    const folder = join(scratch, "program");
    const root = context.program ?? ROOT;
    try {
        // Disables git hooks of the clone, which are not meant for this work tree.
        const add = ["-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", "--quiet", folder, commit];
        await git(add, root, { timeoutSeconds: CHECKOUT_SECONDS, signal });
        const modules = await samePackages(root, commit);
        if (modules === undefined) await install(context, folder, installSeconds, signal);
        // The link is in the folder above the work tree, because Node.js searches there too. If the link were inside, git
        // would report an uncommitted change, and Pulumi's history would record it.
        else symlinkSync(modules, join(scratch, "node_modules"), "dir");
        return await use(folder);
    } finally {
        // Deleting the folder works in any state: git prunes a work tree without a folder.
        rmSync(scratch, { recursive: true, force: true });
        await git(["worktree", "prune"], root).catch(() => undefined);
    }
}

/** Folder of the clone's packages, if the lock file of the commit is the same. */
async function samePackages(root: string, commit: string): Promise<string | undefined> {
    const modules = join(root, "node_modules");
    if (!existsSync(join(modules, ".package-lock.json"))) return undefined;
    const changed = await git(["diff", "--name-only", commit, "--", "package-lock.json"], root);
    return changed.trim() === "" ? modules : undefined;
}

/** Runs `npm ci`, without scripts of packages. @throws Failure with its output */
function install(context: Context, folder: string, seconds: number, signal: AbortSignal | undefined): Promise<void> {
    context.note("npm ci, for the packages of the version's commit:");
    const child = spawn("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
        cwd: folder,
        stdio: ["ignore", "pipe", "pipe"],
        // npm has its own process group, so that all its processes can be ended.
        detached: true,
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    let late = false;
    const end = () => {
        // npm can be killed, since its files are deleted with the work tree.
        try {
            if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        } catch {
            // The process group has already ended.
        }
    };
    const clock = setTimeout(() => {
        late = true;
        end();
    }, seconds * 1000);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
    const failure = (why: string) => new Failure(`npm ci: ${why}. Its output: ${said.trim().slice(-2_000) || "none"}`);
    return new Promise<void>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => {
            if (code === 0) return resolve();
            if (signal?.aborted) return reject(signal.reason as Error);
            if (late)
                return reject(
                    failure(`stopped after ${seconds} s, the time limit, in the work tree of the version's commit`),
                );
            reject(failure(`failed in the work tree of the version's commit (exit code ${code})`));
        });
    }).finally(() => {
        clearTimeout(clock);
        signal?.removeEventListener("abort", end);
    });
}
