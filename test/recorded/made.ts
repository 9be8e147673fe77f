/** What says of a recorded preview where it comes from. */
import { execFileSync } from "node:child_process";
import { strict as assert } from "node:assert";
import { ROOT } from "../../sandbox/world/state";
import type { EngineStack } from "../engine/stack";

/** What decides which resources there are: the program, and the packages that it is run with. */
const PROGRAM = [
    "index.ts",
    "config.ts",
    "problems.ts",
    "config",
    "stacks",
    "components",
    "preflight",
    "dns",
    "package-lock.json",
];

export interface Made {
    /** The day, in UTC: what ends after it had not ended. */
    date: string;
    /** Version of the engine, in its own words. */
    pulumi: string;
    /** The last commit that changed the program. */
    program: string;
}

/** @param stack one that is up. @throws AssertionError while the program has changes that are in no commit */
export async function madeBy(stack: EngineStack): Promise<Made> {
    const git = (...args: string[]) => execFileSync("git", ["-C", ROOT, ...args, "--", ...PROGRAM]).toString();
    const changed = git("status", "--porcelain").trim();
    assert.equal(changed, "", "the program must be committed before it is recorded: a recording names its commit");
    const { manifest } = JSON.parse(await stack.must(["stack", "export"])).deployment;
    return {
        date: new Date().toISOString().slice(0, 10),
        pulumi: manifest.version,
        program: git("log", "-1", "--format=%H").trim(),
    };
}
