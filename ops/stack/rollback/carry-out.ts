/** Previews an earlier program with its config, saves the plan, and carries it out. */
import type { Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import { lockFailure, NOTHING_CHANGED } from "../backend-lock";
import type { Exported } from "../review/plan";
import type { Preview } from "../review/preview";
import { exported, previewRun } from "../review/review";
import type { Stack } from "../stack";
import { markOf } from "../state-digest";

interface Earlier {
    stack: Stack;
    /** Number of the version. */
    number: number;
    /** Folder of the earlier version's program. */
    program: string;
    /** File of the earlier version's config. */
    config: string;
    /** File of the plan. Its secrets are encrypted, as in the state. */
    plan: string;
    signal: AbortSignal;
}

/** @throws Failure with the error of the earlier program, which may reject a newer config or state */
export async function earlierPreview({ pulumi }: Context, earlier: Earlier): Promise<Preview> {
    const { stack, number, plan, signal } = earlier;
    const result = await pulumi(["preview", "--json", `--save-plan=${plan}`, ...at(earlier)], { signal });
    signal.throwIfAborted();
    try {
        return previewRun("pulumi preview", stack, result);
    } catch (error) {
        if (!(error instanceof Failure || error instanceof UsageError)) throw error;
        throw new Failure(
            `version ${number}: its program rejects its own config or the current state. ${error.message}\nNothing was changed. Choose another version: npm run ops -- stack history`,
        );
    }
}

/** Pulumi's errors for a run that differs from its plan (pkg/resource/deploy/step_generator.go, deployment_executor.go). */
const OTHER_THAN_PLAN = /^.*(violates plan|is not allowed by the plan|none were seen).*$/m;

/**
 * Applies the reviewed preview. Pulumi previews again, and applies the plan only if that preview is the same.
 * @param state the state that the preview was made for
 */
export async function up(context: Context, earlier: Earlier, state: Exported): Promise<void> {
    const { pulumi, note } = context;
    const { stack, number, plan, signal } = earlier;
    if (markOf(await exported(context, stack)) !== markOf(state))
        throw new Failure(changed(stack, "its state has changed", "Nothing was changed."));
    note(`\npulumi up, stack ${stack.name}, program and config of version ${number}:`);
    const args = ["up", "--yes", `--plan=${plan}`, "--message", `Roll back to version ${number}`, ...at(earlier)];
    const { code, stdout, stderr } = await pulumi(args, { signal, onLine: (line) => note(`  ${line}`) });
    if (code === 0) return;
    const said = stdout + stderr;
    const locked = lockFailure(stack, said, NOTHING_CHANGED);
    if (locked) throw locked;
    const isBegun = /^Updating \(/m.test(said);
    const now = isBegun
        ? `A part of the rollback may be applied. Run the rollback again, or apply the newer version again: pulumi up -s ${stack.short}.`
        : "Nothing was changed.";
    const other = OTHER_THAN_PLAN.exec(said)?.[0].trim();
    if (other) throw new Failure(changed(stack, other.replace(/^error: /, ""), now, { isBegun }));
    throw new Failure(`pulumi up: failed (${signal.aborted ? "interrupted" : `exit code ${code}, see above`}). ${now}`);
}

/** @param isBegun whether the run has started. Then a value that the review did not know may be the reason */
function changed({ short }: Stack, what: string, now: string, { isBegun } = { isBegun: false }): string {
    const why = isBegun ? ", or a value that was unknown in the review is known now" : "";
    return `${short}: the stack has changed since the review (${what})${why}. ${now} Run: npm run ops -- stack history. Then run the rollback again, and read the new review.`;
}

function at({ program, stack, config }: Earlier): string[] {
    return ["--cwd", program, "--stack", stack.name, "--config-file", config];
}
