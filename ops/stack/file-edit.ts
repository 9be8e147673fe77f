import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { checkConfig, readSecrets } from "./config-check";
import { filesOf, obstaclesOrConversion, remember, type Edited } from "./edit-obstacles";
import { lockFailure, NOTHING_CHANGED } from "./backend-lock";
import { maskKeys } from "./mask-secrets";
import type { Stack } from "./stack";

/** An edit of a stack file, or of its file of callers, that is thought out and not done. */
export interface Plan {
    /** Text of the file after it; undefined while problems leave nothing to show. */
    after?: string;
    /** Whether it is the file of callers. @default the stack file */
    inCallersFile?: boolean;
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
    encrypt?: (text: string) => Promise<string>;
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
    const edited = (plan.inCallersFile && stack.callers) || stack;
    if (plan.after !== undefined) {
        const secrets = new Map([...(await readSecrets(context, stack)), ...(options.secrets ?? [])]);
        const check = (own: string, callers?: string) => checkConfig(own, secrets, dirname(stack.file), callers);
        const { text, callers } = stack;
        const verdict = edited === stack ? check(plan.after, callers?.text) : check(text, plan.after);
        problems.push(...verdict.problems);
        context.out(renderDiff(nameOf(stack, edited), edited.text, plan.after));
        // Of what was so before, each `pulumi up` warns.
        const known = new Set(check(text, callers?.text).warnings);
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
    const after = options.encrypt ? await options.encrypt(plan.after) : plan.after;
    for (const one of filesOf(stack))
        if (readFileSync(one.file, "utf8") !== one.text)
            throw new Failure(`${nameOf(stack, one)}: must stay as it was read (somebody changed it). Run this again.`);
    const before = remember(stack, after, edited);
    replace(edited.file, after);
    await up(context, stack, edited, before, options.written);
    return true;
}

/** As messages name it. */
function nameOf(stack: Stack, edited: Edited): string {
    return edited === stack.callers ? stack.callers.name : basename(edited.file);
}

/** The change as a reviewer reads it; secrets are in it as ciphertext or not at all. */
export function renderDiff(name: string, before: string, after: string): string {
    const options = { headerOptions: FILE_HEADERS_ONLY };
    return createTwoFilesPatch(
        name,
        name,
        maskKeys(before),
        maskKeys(after),
        "",
        "after this change",
        options,
    ).trimEnd();
}

/** Whole or not at all: Pulumi may read it at any time. */
export function replace(file: string, text: string): void {
    const scratch = `${file}.${process.pid}.tmp`;
    writeFileSync(scratch, text, { mode: statSync(file).mode });
    renameSync(scratch, file);
}

async function up(context: Context, stack: Stack, edited: Edited, before: string, written?: () => void): Promise<void> {
    context.note(`\npulumi up, stack ${stack.name}:`);
    const args = ["up", "--yes", "--stack", stack.name, "--config-file", stack.file];
    const { code, stdout, stderr } = await context.pulumi(args, { onLine: (line) => context.note(`  ${line}`) });
    const locked = code === 0 ? undefined : lockFailure(stack, stdout + stderr, NOTHING_CHANGED);
    if (locked) {
        // It was refused before anything began, so the file must not say otherwise.
        replace(edited.file, edited.text);
        remember(stack, edited.text, edited);
        throw locked;
    }
    written?.();
    if (code === 0) return;
    const name = relative(process.cwd(), edited.file);
    const back = relative(process.cwd(), before);
    const run = `pulumi up -s ${stack.short}`;
    throw new Failure(
        `pulumi up: must succeed (ended with ${code}, see above). ${nameOf(stack, edited)} keeps the edit. ` +
            `Correct what it names and run: ${run}\nOr go back: cp ${back} ${name} && ${run}`,
    );
}
