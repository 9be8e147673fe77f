/** `consumer move-to-file`: moves the callers of a stack file into a callers file, which has no size limit. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isInside } from "../../config/values";
import { withChange, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import { dryRun } from "../consent";
import { ROOT, type Context } from "../context";
import { UsageError } from "../errors";
import { json } from "../output";
import { checkConfig, readSecrets } from "../stack/config-check";
import { moveConsumers } from "../stack/consumers-edit";
import { takeEditLock } from "../stack/edit-lock";
import { obstaclesOrConversion, remember } from "../stack/edit-obstacles";
import { renderDiff, replace, unchanged } from "../stack/file-edit";
import { committable } from "../stack/history/commits";
import { findStack, type Stack } from "../stack/stack";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withChange(consumer.command("move-to-file"), "write both files"),
        "consumer move-to-file callers/intra.yaml --stack intra",
        "consumer move-to-file callers/intra.yaml --stack intra --yes",
    )
        .description(
            "Move the callers from the stack file into a file of their own, required for more than 1,650 callers",
        )
        .argument("<file>", "the new file, relative to the folder of Pulumi.yaml, for example callers/intra.yaml")
        .action((file, args) => moveToFile(context, file, args));

/** Shows both files, and writes them with consent. The callers do not change, so no `pulumi up` is run. */
async function moveToFile(context: Context, name: string, args: ChangeArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const file = join(context.program ?? ROOT, name);
    const problems = fileProblems(stack, name, file);
    if (problems.length > 0) throw new UsageError(problems);
    const { own, callers, moved, kept } = moveConsumers(stack.text, name);
    if (moved.length === 0)
        throw new UsageError([
            `consumers: every caller has an encrypted key, which a callers file cannot hold, so none can be moved. Leave the list in the stack file.`,
        ]);
    const verdict = checkConfig(own, await readSecrets(context, stack), dirname(stack.file), callers);
    const against = [...verdict.problems, ...(await obstaclesOrConversion(context, stack))];
    if (against.length > 0) throw new UsageError(against);
    const diffs = [renderDiff(basename(stack.file), stack.text, own), renderDiff(name, "", callers)];
    const effects = [
        `Moves ${moved.length} callers to ${name}. Nothing changes for any caller.`,
        ...(kept.length > 0
            ? [
                  `These callers stay in ${basename(stack.file)}, which contains their encrypted keys: ${kept.join(", ")}.`,
              ]
            : []),
    ];
    if (!args.json) [...diffs, ...effects].forEach((line) => context.out(line));
    if (args.yes) write(context, stack, { name, file, own, callers });
    const changed = args.yes === true;
    if (args.json) context.out(json({ stack: stack.short, changed, file: name, diffs, effects, moved, kept }));
    if (!changed) return dryRun(context, "write both files", args);
    const toCommit = await committable([stack.file, file]);
    const first = toCommit.length === 2 ? ["commit both files"] : toCommit.map((one) => `commit ${basename(one)}`);
    const check = `check that nothing changes: pulumi preview --expect-no-changes -s ${stack.short}`;
    (args.json ? context.note : context.out)(`\nDone. Next: ${[...first, check].join(", then ")}`);
}

function write(
    context: Context,
    stack: Stack,
    { name, file, own, callers }: Record<"name" | "file" | "own" | "callers", string>,
): void {
    const release = takeEditLock(context, stack.short);
    try {
        unchanged(stack);
        mkdirSync(dirname(file), { recursive: true });
        // The callers file is written first, since nothing reads it before the stack file names it.
        writeFileSync(file, callers, { flag: "wx" });
        const created = { name, file, text: "" };
        remember({ ...stack, callers: created }, callers, created);
        remember(stack, own);
        replace(stack.file, own);
    } finally {
        release();
    }
}

/** Problems that prevent creating the file. */
function fileProblems(stack: Stack, name: string, file: string): string[] {
    if (stack.callers !== undefined)
        return [`consumersFile: is already set (${stack.callers.name}). Add the callers to that file.`];
    if (!isInside(name))
        return [
            `<file>: must be a relative path inside the folder of Pulumi.yaml (got ${name}). Choose another, for example callers/${stack.short}.yaml.`,
        ];
    return existsSync(file) ? [`<file>: must be a new file (${name} exists). Choose another name.`] : [];
}
