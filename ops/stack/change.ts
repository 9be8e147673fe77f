import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { checkConfig, readSecrets } from "./config-check";
import { obstaclesOrConversion, remember } from "./guards";
import { lockFailure, NOTHING_CHANGED } from "./locked";
import { maskKeys } from "./mask";
import type { Stack } from "./stack";

/** An edit of a stack file that is thought out and not done. */
export interface Plan {
    /** Text of the stack file after it; undefined while problems leave nothing to show. */
    after?: string;
    /** What stands against it in the words of an operator. */
    problems: string[];
    /** What it means, one sentence each. */
    effects: string[];
}

export interface ChangeOptions {
    apply?: boolean;
    /** Plain text of secrets that come with the change, by what stands for them in the text. */
    secrets?: ReadonlyMap<string, string>;
    /** Makes the final text where the plan has only something that stands for secrets. */
    seal?: (text: string) => Promise<string>;
    /** Called once the run has begun with the file written, whatever comes of it; not when a lock has refused it. */
    written?: () => void;
}

/**
 * Shows a change of a stack file and, if it is to be applied, makes it and runs `pulumi up`.
 * @returns whether it was applied
 * @throws UsageError with all that stands against it, before anything is changed
 */
export async function carryOut(context: Context, stack: Stack, plan: Plan, options: ChangeOptions): Promise<boolean> {
    const problems = [...plan.problems];
    if (plan.after !== undefined) {
        const secrets = new Map([...(await readSecrets(context, stack)), ...(options.secrets ?? [])]);
        const verdict = checkConfig(plan.after, secrets, dirname(stack.file));
        problems.push(...verdict.problems);
        context.out(renderDiff(stack, plan.after));
        // Of what was so before, each `pulumi up` warns.
        const known = new Set(checkConfig(stack.text, secrets, dirname(stack.file)).warnings);
        verdict.warnings
            .filter((warning) => !known.has(warning))
            .forEach((warning) => context.note(`warning: ${warning}`));
    }
    problems.push(...(await obstaclesOrConversion(context, stack)));
    if (problems.length > 0 || plan.after === undefined) throw new UsageError(problems);
    plan.effects.forEach((effect) => context.out(effect));
    if (!options.apply) {
        context.out("\nDry run: nothing was changed. Add --apply to write the file and run pulumi up.");
        return false;
    }
    const after = options.seal ? await options.seal(plan.after) : plan.after;
    if (readFileSync(stack.file, "utf8") !== stack.text)
        throw new Failure(`${basename(stack.file)}: must stay as it was read (somebody changed it). Run this again.`);
    const before = remember(stack, after);
    replace(stack.file, after);
    await up(context, stack, before, options.written);
    return true;
}

/** The change as a reviewer reads it; secrets are in it as ciphertext or not at all. */
function renderDiff({ file, text }: Stack, after: string): string {
    const name = basename(file);
    const options = { headerOptions: FILE_HEADERS_ONLY };
    return createTwoFilesPatch(name, name, maskKeys(text), maskKeys(after), "", "after this change", options).trimEnd();
}

/** Whole or not at all: Pulumi may read it at any time. */
export function replace(file: string, text: string): void {
    const scratch = `${file}.${process.pid}.tmp`;
    writeFileSync(scratch, text, { mode: statSync(file).mode });
    renameSync(scratch, file);
}

async function up(context: Context, stack: Stack, before: string, written?: () => void): Promise<void> {
    context.note(`\npulumi up, stack ${stack.name}:`);
    const args = ["up", "--yes", "--stack", stack.name, "--config-file", stack.file];
    const { code, stdout, stderr } = await context.pulumi(args, { onLine: (line) => context.note(`  ${line}`) });
    const locked = code === 0 ? undefined : lockFailure(stack, stdout + stderr, NOTHING_CHANGED);
    if (locked) {
        // It was refused before anything began, so the file must not say otherwise.
        replace(stack.file, stack.text);
        remember(stack, stack.text);
        throw locked;
    }
    written?.();
    if (code === 0) return;
    const name = relative(process.cwd(), stack.file);
    const back = relative(process.cwd(), before);
    const run = `pulumi up -s ${stack.short}`;
    throw new Failure(
        `pulumi up: must succeed (ended with ${code}, see above). ${basename(stack.file)} keeps the edit. ` +
            `Correct what it names and run: ${run}\nOr go back: cp ${back} ${name} && ${run}`,
    );
}
