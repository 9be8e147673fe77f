/** Creates plans and carries them out. Pulumi runs the policy pack both times. */
import { ROOT, type Context } from "../../context";
import { Failure } from "../../errors";
import type { Preview } from "../review/preview";
import { previewRun } from "../review/review";
import { lockFailure, NOTHING_CHANGED } from "../backend-lock";
import { packOf, packWords } from "../policy-pack";
import type { Stack } from "../stack";

/**
 * Previews the change under the policy pack. If the pack rejects the change, previews it again without the pack, so that
 * it can be reviewed.
 * @param plan file to which Pulumi saves the plan
 * @returns the preview and, if the pack rejects the change, the reason
 */
export async function previewPlan(
    context: Context,
    stack: Stack,
    plan?: string,
): Promise<{ preview: Preview; refusal?: string }> {
    const at = ["--stack", stack.name, "--config-file", stack.file];
    const json = ["preview", "--json", ...at];
    const pack = packOf(context.program ?? ROOT);
    const save = plan === undefined ? [] : [`--save-plan=${plan}`];
    const underPack = await context.pulumi([...json, ...save, ...pack]);
    try {
        return { preview: previewRun("pulumi preview", stack, underPack) };
    } catch (refused) {
        // If a lock or an error of the program made the first preview fail, this preview fails too. If the pack was the
        // reason, this preview succeeds, because it runs without the pack.
        const preview = previewRun("pulumi preview", stack, await context.pulumi(json));
        // With --json Pulumi prints that it failed, but not the messages of the pack.
        const { stdout } = await context.pulumi(["preview", ...at, ...pack]);
        return { preview, refusal: packWords(stdout) ?? (refused as Error).message };
    }
}

/**
 * Carries out a plan. Pulumi first creates a preview. It changes nothing if the preview differs from the plan, or if the
 * policy pack rejects the preview.
 * @param message text that Pulumi's history shows for this update
 */
export async function carryOutPlan(context: Context, stack: Stack, plan: string, message: string): Promise<void> {
    context.note(`\npulumi up, stack ${stack.name}, as planned:`);
    const args = ["up", "--yes", `--plan=${plan}`, "--message", message];
    const at = ["--stack", stack.name, "--config-file", stack.file];
    const { code, stdout, stderr } = await context.pulumi([...args, ...at], {
        onLine: (line) => context.note(`  ${line}`),
    });
    if (code === 0) return;
    const locked = lockFailure(stack, stdout + stderr, NOTHING_CHANGED);
    if (locked) throw locked;
    throw new Failure(
        `pulumi up: failed (exit code ${code}, see above). Steps that differ from the plan were not done. Check the state, create a new plan and have it reviewed: npm run ops -- stack check${stack.flag}`,
    );
}
