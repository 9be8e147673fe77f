/** `ops consumer move-to-file`: the callers of a stack file into a file of their own, which has no limit of size. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isInside } from "../../config/values";
import { withApply, withStack, type AddCommand } from "../arguments";
import { ROOT, type Context } from "../context";
import { UsageError } from "../errors";
import { checkConfig, readSecrets } from "../stack/config-check";
import { obstaclesOrConversion, remember } from "../stack/edit-obstacles";
import { renderDiff, replace } from "../stack/file-edit";
import { findStack } from "../stack/stack";
import { moveConsumers } from "../stack/stack-file";

export const command: AddCommand = (consumer, context) =>
    withApply(withStack(consumer.command("move-to-file")), "write both files")
        .description("Move the callers from the stack file into a file of their own, as more than 1,650 callers need")
        .argument("<file>", "the new file, relative to the folder of Pulumi.yaml, for example callers/intra.yaml")
        .action((file, args) => moveToFile(context, file, args));

export interface MoveArgs {
    stack?: string;
    apply?: boolean;
}

/** Shows both files, and with `apply` writes them. The callers stay what they are, so no `pulumi up` is run. */
export async function moveToFile(context: Context, name: string, args: MoveArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const file = join(context.program ?? ROOT, name);
    const problems: string[] = [];
    if (stack.callers !== undefined)
        problems.push(`consumersFile: must not be set (it is ${stack.callers.name}). Add the callers there.`);
    else if (!isInside(name))
        problems.push(
            `<file>: must be a path inside the folder of Pulumi.yaml, relative to it (got ${name}). Choose another, as callers/${stack.short}.yaml.`,
        );
    else if (existsSync(file)) problems.push(`<file>: must be a new file (${name} exists). Choose another name.`);
    if (problems.length > 0) throw new UsageError(problems);
    const { own, callers, moved, kept } = moveConsumers(stack.text, name);
    if (moved.length === 0)
        throw new UsageError([
            `consumers: must have a caller without a key of its own (none can be moved). Leave the list where it is.`,
        ]);
    const verdict = checkConfig(own, await readSecrets(context, stack), dirname(stack.file), callers);
    const against = [...verdict.problems, ...(await obstaclesOrConversion(context, stack))];
    if (against.length > 0) throw new UsageError(against);
    context.out(renderDiff(basename(stack.file), stack.text, own));
    context.out(renderDiff(name, "", callers));
    context.out(`Moves ${moved.length} callers to ${name}. No caller gains or loses anything.`);
    if (kept.length > 0)
        context.out(`Stay in ${basename(stack.file)}, since a key of theirs is encrypted there: ${kept.join(", ")}.`);
    if (!args.apply) return context.out("\nDry run: nothing was changed. Add --apply to write both files.");
    mkdirSync(dirname(file), { recursive: true });
    // Nothing reads it before the stack file names it.
    writeFileSync(file, callers, { flag: "wx" });
    const created = { name, file, text: "" };
    remember({ ...stack, callers: created }, callers, created);
    remember(stack, own);
    replace(stack.file, own);
    context.out(
        `\nDone. Next: commit both files, then see that nothing changes: pulumi preview --expect-no-changes -s ${stack.short}`,
    );
}
