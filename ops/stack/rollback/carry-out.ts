/** An earlier program and its config: previewed into a plan, and carried out as that plan says. */
import type { Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import { lockedBy } from "../locked";
import { allowUnknown } from "../plan-file";
import type { Preview } from "../review/preview";
import { previewRun } from "../review/review";
import type { Stack } from "../stack";

export interface Earlier {
    stack: Stack;
    /** Of the version. */
    number: number;
    /** Folder of its program. */
    program: string;
    /** File of its config. */
    config: string;
    /** File of the plan. Secrets in it are as encrypted as in the state. */
    plan: string;
    signal: AbortSignal;
}

/** @throws Failure in the words of the earlier program, which may refuse a config, or a state that is newer than it */
export async function earlierPreview({ pulumi }: Context, earlier: Earlier): Promise<Preview> {
    const { stack, number, plan, signal } = earlier;
    const result = await pulumi(["preview", "--json", `--save-plan=${plan}`, ...at(earlier)], { signal });
    signal.throwIfAborted();
    try {
        const preview = previewRun("pulumi preview", stack, result);
        allowUnknown(plan);
        return preview;
    } catch (error) {
        if (!(error instanceof Failure || error instanceof UsageError)) throw error;
        throw new Failure(
            `version ${number}: its program must take its config and the state of today. ${error.message}\nNothing was changed. Choose another version: npm run ops -- stack history`,
        );
    }
}

/** What a run says that would do other things than its plan (pkg/resource/deploy/step_generator.go, deployment_executor.go). */
const OTHER_THAN_PLAN = /^.*(violates plan|is not allowed by the plan|none were seen).*$/m;

/** Pulumi previews once more, within the plan, and changes nothing where that does other things. */
export async function up({ pulumi, note }: Context, earlier: Earlier): Promise<void> {
    const { stack, number, plan, signal } = earlier;
    note(`\npulumi up, stack ${stack.name}, program and config of version ${number}:`);
    const args = ["up", "--yes", `--plan=${plan}`, "--message", `Back to version ${number}`, ...at(earlier)];
    const { code, stdout, stderr } = await pulumi(args, { signal, onLine: (line) => note(`  ${line}`) });
    if (code === 0) return;
    const said = stdout + stderr;
    const lock = lockedBy(said);
    if (lock)
        throw new Failure(
            `${stack.short}: must not be locked by another run (${lock}). Nothing was changed. Wait for it to end; if it was killed, run: pulumi cancel -s ${stack.short}`,
        );
    const begun = /^Updating \(/m.test(said);
    const state = begun
        ? `Part of it may be done. Run this again; or go forward again: pulumi up -s ${stack.short}`
        : "Nothing was changed.";
    const other = OTHER_THAN_PLAN.exec(said)?.[0].trim();
    if (other)
        throw new Failure(
            `${stack.short}: must do what its review showed, and nothing else (${other.replace(/^error: /, "")}). Somebody may have changed the stack since. ${state} Look: npm run ops -- stack history; then run this again, and read its review anew.`,
        );
    throw new Failure(
        `pulumi up: must succeed (${signal.aborted ? "it was broken off" : `ended with ${code}, see above`}). ${state}`,
    );
}

function at({ program, stack, config }: Earlier): string[] {
    return ["--cwd", program, "--stack", stack.name, "--config-file", config];
}
