/** User, host and program that run a conversion, and the committed stack file. */
import { readFileSync, realpathSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { ROOT, type Context } from "../context";
import { git } from "../stack/history/commits";
import type { Stack } from "../stack/stack";
import type { Versions } from "./audit";

/** User and host of this process, `ada@ops`. A container's user may have only a number. */
export function whoAmI(user = () => userInfo().username): string {
    try {
        return `${user()}@${hostname()}`;
    } catch {
        return `uid ${process.getuid?.()}@${hostname()}`;
    }
}

export async function versions(context: Context): Promise<Versions> {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    const { stdout } = await context.pulumi(["version"]);
    const head = await ifKnown(git(["rev-parse", "--short=12", "HEAD"]));
    const dirty = await ifKnown(git(["status", "--porcelain", "--untracked-files=no"]));
    return {
        program: version,
        ...(head === undefined ? {} : { commit: `${head.trim()}${dirty?.trim() ? "+" : ""}` }),
        pulumi: stdout.trim(),
        node: process.version,
    };
}

/** The stack file in the last commit; undefined if git does not have it. */
export function committed({ file }: Stack): Promise<string | undefined> {
    const real = realpathSync(file);
    return ifKnown(git(["show", `HEAD:./${basename(real)}`], dirname(real)));
}

/** Output of git; undefined if git failed, for example outside of a work tree, or is not installed. */
function ifKnown(printed: Promise<string>): Promise<string | undefined> {
    return printed.catch(() => undefined);
}
