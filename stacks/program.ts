import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "..");
/** What the program consists of. The lock file stands for the packages. */
const FOLDERS = ["components", "config", "dns", "preflight", "stacks"];
const FILES = ["index.ts", "options.ts", "package-lock.json"];

/**
 * Digest of the program's source files. As an input of the topmost component it shows in a preview that the program itself
 * changed, so that a change of config cannot hide a change of code.
 */
export function programDigest(): string {
    const below = FOLDERS.flatMap((folder) =>
        readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath ?? entry.path, entry.name)),
    );
    const digest = createHash("sha256");
    for (const file of [...below, ...FILES.map((name) => join(ROOT, name))].sort())
        digest
            .update(`${file.slice(ROOT.length)}\0`)
            .update(readFileSync(file))
            .update("\0");
    return digest.digest("hex").slice(0, 12);
}
