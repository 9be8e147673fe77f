/** Who and what does something, and what git has of a stack file. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { ROOT, type Context } from "../context";
import type { Stack } from "../stack/stack";
import type { Versions } from "./audit";

export function whoAmI(): string {
    return `${userInfo().username}@${hostname()}`;
}

export async function versions(context: Context): Promise<Versions> {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    const { stdout } = await context.pulumi(["version"]);
    const head = await git(ROOT, ["rev-parse", "--short=12", "HEAD"]);
    const dirty = await git(ROOT, ["status", "--porcelain", "--untracked-files=no"]);
    return {
        program: version,
        ...(head === undefined ? {} : { commit: `${head.trim()}${dirty?.trim() ? "+" : ""}` }),
        pulumi: stdout.trim(),
        node: process.version,
    };
}

/** The stack file as it was committed last; undefined where git has none. */
export function committed({ file }: Stack): Promise<string | undefined> {
    return git(dirname(file), ["show", `HEAD:./${file.slice(dirname(file).length + 1)}`]);
}

function git(folder: string, args: string[]): Promise<string | undefined> {
    return new Promise((resolve) =>
        execFile("git", ["-C", folder, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
            resolve(error ? undefined : stdout),
        ),
    );
}
