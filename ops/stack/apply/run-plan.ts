/** Creates plans and carries them out. Pulumi runs the policy pack both times. */
import { ROOT, type Context } from "../../context";
import { Failure } from "../../errors";
import { lockFailure, NOTHING_CHANGED } from "../backend-lock";
import { progress } from "./progress";
import { packOf } from "../policy-pack";
import type { Preview } from "../review/preview";
import { runPreview } from "../review/review";
import type { Stack } from "../stack";

/**
 * Previews the change under the policy pack. If the pack rejects the change, previews it again without the pack, so that
 * it can be reviewed.
 * @param plan file to which Pulumi saves the plan
 * @returns the preview and, if the pack rejects the change, what to do
 */
export async function previewPlan(
    context: Context,
    stack: Stack,
    plan: string,
): Promise<{ preview: Preview; refusal?: string }> {
    const pack = packOf(context.program ?? ROOT);
    try {
        return { preview: await runPreview(context, stack, plan, pack) };
    } catch {
        // If a lock or an error of the program made the first preview fail, this preview fails too, with the same error.
        const preview = await runPreview(context, stack);
        const refusal = `${stack.short}: the policy pack rejects the change. Correct the change. To see the rules that it breaks, run: pulumi preview ${pack.join(" ")} -s ${stack.short}`;
        return { preview, refusal };
    }
}

/**
 * Carries out a plan. Pulumi first creates a preview. It changes nothing if the preview differs from the plan, or if the
 * policy pack rejects the preview.
 * @param message text that Pulumi's history shows for this update
 * @param more arguments for Pulumi
 */
export async function carryOutPlan(
    context: Context,
    stack: Stack,
    plan: string,
    message: string,
    more: string[] = [],
): Promise<void> {
    const { code, output } = await runUp(context, stack, [`--plan=${plan}`, "--message", message, ...more]);
    if (code === 0) return;
    throw (
        lockFailure(stack, output, NOTHING_CHANGED) ??
        new Failure(
            `pulumi up: failed (exit code ${code}, see above). Steps that differ from the plan were not done. See what was done: npm run ops -- stack history${stack.flag}. Then review the change again, with a new plan.`,
        )
    );
}

/** Runs `pulumi up`, and shows its progress. */
export async function runUp(context: Context, stack: Stack, how: string[]) {
    context.note(`\npulumi up, stack ${stack.name}:`);
    const args = ["up", "--yes", ...how, "--stack", stack.name, "--config-file", stack.file];
    const { code, stdout, stderr } = await context.pulumi(args, { onLine: progress(context) });
    return { code, output: stdout + stderr };
}
