/** A copy of this program that a test may change, with this repository's packages. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { strict as assert } from "node:assert";
import { ROOT } from "../../../sandbox/world/state";

/** Copies the files that git knows, as they are here. @param folder is made */
export function cloneProgram(folder: string): string {
    mkdirSync(folder);
    const files = execFileSync("git", ["-C", ROOT, "ls-files", "-z"]).toString().split("\0").filter(Boolean);
    for (const file of files) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        cpSync(join(ROOT, file), join(folder, file));
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "dir");
    return folder;
}

/** git in a copy. @returns what it printed */
export function gitIn(clone: string, ...args: string[]): string {
    const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
    return execFileSync("git", ["-C", clone, ...who, ...args])
        .toString()
        .trim();
}

/** Makes a commit of all that is in the copy but its packages; the first one in a repository of its own. */
export function commitAll(clone: string, message = "x"): void {
    gitIn(clone, "init", "-q");
    writeFileSync(join(clone, ".git/info/exclude"), "node_modules\n");
    gitIn(clone, "add", "-A");
    gitIn(clone, "commit", "-qm", message);
}

/** Changes a file of the copy; fails where there is nothing to change. */
export function edit(file: string, old: string, now: string): void {
    const text = readFileSync(file, "utf8");
    assert.ok(text.includes(old), `${file} has no ${old}`);
    writeFileSync(file, text.replace(old, now));
}
