/** The program of another commit, beside the clone and with its own packages. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, type Context } from "../../context";
import { Failure } from "../../errors";
import { git } from "../history/commits";
import { samePackages } from "./target";

/**
 * Runs `use` with a work tree of the commit that can run, and takes it away again. Packages are those of its lock file:
 * of the clone where they are the same, else installed.
 */
export async function withWorkTree<T>(
    context: Context,
    commit: string,
    use: (folder: string) => Promise<T>,
): Promise<T> {
    const scratch = mkdtempSync(join(tmpdir(), "alpa-auth-rollback-"));
    const folder = join(scratch, "program");
    const root = context.program ?? ROOT;
    try {
        await git(["worktree", "add", "--detach", "--quiet", folder, commit], root);
        const modules = await samePackages(root, commit);
        if (modules === undefined) await install(context, folder);
        // Beside the work tree, where Node.js looks too: inside, git would take it for a change, and this version for
        // one that ran with changes in no commit.
        else symlinkSync(modules, join(scratch, "node_modules"), "dir");
        return await use(folder);
    } finally {
        // Whatever state it is in: a folder that is gone is pruned.
        rmSync(scratch, { recursive: true, force: true });
        await git(["worktree", "prune"], root).catch(() => undefined);
    }
}

/** `npm ci`: what the lock file says, and no script of a package. */
function install(context: Context, folder: string): Promise<void> {
    context.note("npm ci, for the packages of that commit:");
    const child = spawn("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
        cwd: folder,
        stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) =>
            code === 0
                ? resolve()
                : reject(
                      new Failure(
                          `npm ci: must succeed in the work tree of that commit (ended with ${code}). It said: ${said.trim().slice(-2_000)}`,
                      ),
                  ),
        );
    });
}
