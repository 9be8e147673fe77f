/** A clone of this repository that a test may change. The clone shares node_modules with this repository. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { strict as assert } from "node:assert";
import { ROOT } from "../../../sandbox/world/state";

/** Copies git's files as they are in the work tree. @param folder is created */
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

/** Runs git in the clone. @returns its output */
export function gitIn(clone: string, ...args: string[]): string {
    const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
    return execFileSync("git", ["-C", clone, ...who, ...args])
        .toString()
        .trim();
}

/** Commits everything in the clone except its packages; the first call creates the repository. */
export function commitAll(clone: string, message = "x"): void {
    gitIn(clone, "init", "-q");
    writeFileSync(join(clone, ".git/info/exclude"), "node_modules\n");
    gitIn(clone, "add", "-A");
    gitIn(clone, "commit", "-qm", message);
}

/** Replaces a text in a file of the clone. Fails if the file does not contain the text. */
export function edit(file: string, old: string, now: string): void {
    const text = readFileSync(file, "utf8");
    assert.ok(text.includes(old), `${file} has no ${old}`);
    writeFileSync(file, text.replace(old, now));
}
