/** A work tree with the program of another commit and its packages, outside of the clone. */
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, type Context } from "../../context";
import { execute, git } from "../history/commits";

/** Longest time for a checkout, on a slow disk. */
const CHECKOUT_SECONDS = 300;
/** Longest time for `npm ci`: 700 packages need 200 seconds through a slow proxy. */
const INSTALL_SECONDS = 600;

/**
 * Runs `use` with a temporary folder that only the user can read, in which `program` is a runnable work tree of the commit. It
 * uses the clone's packages if the lock file is the same; otherwise it installs them.
 */
export async function withWorkTree(
    context: Context,
    commit: string,
    use: (folder: string) => Promise<void>,
): Promise<void> {
    const scratch = mkdtempSync(join(tmpdir(), "alpa-auth-rollback-"));
    const folder = join(scratch, "program");
    const root = context.program ?? ROOT;
    try {
        // Disables git hooks of the clone, which are not meant for this work tree.
        const add = ["-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", "--quiet", folder, commit];
        await git(add, root, CHECKOUT_SECONDS);
        const modules = join(root, "node_modules");
        const changed = await git(["diff", "--name-only", commit, "--", "package-lock.json"], root);
        // The link is in the folder above the work tree, because Node.js searches there too. If the link were inside, git
        // would report an uncommitted change, and Pulumi's history would record it.
        if (changed.trim() === "" && existsSync(join(modules, ".package-lock.json")))
            symlinkSync(modules, join(scratch, "node_modules"), "dir");
        else {
            context.note("npm ci, for the packages of the version's commit:");
            await execute("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, INSTALL_SECONDS);
        }
        await use(scratch);
    } finally {
        // Deleting the folder works in any state: git prunes a work tree without a folder.
        rmSync(scratch, { recursive: true, force: true });
        await git(["worktree", "prune"], root).catch(() => undefined);
    }
}
