/** Origin of a recorded preview. */
import { execFileSync } from "node:child_process";
import { strict as assert } from "node:assert";
import type { PartReport } from "../../sandbox/real/choice";
import type { PartName } from "../../sandbox/real/parts";
import { ROOT } from "../../sandbox/world/state";
import type { EngineStack } from "../engine/kit/stack";

/** The files that decide which resources are created: those of the program, and its packages. */
const PROGRAM = ["index.ts", "options.ts", "config", "stacks", "components", "preflight", "dns", "package-lock.json"];

export interface Made {
    /** Day of the recording (UTC): the review judges the expiry of credentials on this day. */
    date: string;
    /** Version of the engine, as it prints it. */
    pulumi: string;
    /** The last commit that changed the program. */
    program: string;
    /** Versions of the parts of the sandbox that were the real program, by name. Unset: all were emulators. */
    real?: Partial<Record<PartName, string>>;
}

/** Versions of the real parts. The result is empty if every part was an emulator. */
export function realIn(parts: PartReport[]): Pick<Made, "real"> {
    const real = Object.fromEntries(parts.flatMap(({ part, version, real }) => (real ? [[part, version]] : [])));
    return Object.keys(real).length === 0 ? {} : { real };
}

/** @param stack a deployed stack @throws AssertionError while the program has uncommitted changes */
export async function madeBy(stack: EngineStack): Promise<Made> {
    const git = (...args: string[]) => execFileSync("git", ["-C", ROOT, ...args, "--", ...PROGRAM]).toString();
    const changed = git("status", "--porcelain").trim();
    assert.equal(changed, "", "the program must be committed before it is recorded: a recording names its commit");
    const { manifest } = JSON.parse(await stack.must(["stack", "export"])).deployment;
    return {
        date: new Date().toISOString().slice(0, 10),
        pulumi: manifest.version,
        program: git("log", "-1", "--format=%H").trim(),
        ...realIn(stack.parts),
    };
}
