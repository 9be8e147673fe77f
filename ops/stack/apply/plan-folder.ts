/** A plan in a folder, with its stack, commit, config and state. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as z from "zod";
import { ROOT, type Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import type { Exported } from "../review/plan";
import { git, uncommittedFiles } from "../history/commits";
import type { Stack } from "../stack";
import { markOf } from "../state-digest";

const schema = z.strictObject({
    stack: z.string(),
    /** Commit of the program. */
    commit: z.string(),
    /** SHA-256 of the stack file and its callers file. */
    config: z.string(),
    /** SHA-256 of the plan. */
    plan: z.string(),
    /** Identifies the state that the plan was created for: see state-digest.ts. */
    state: z.string(),
    made: z.string(),
});
type SavedPlan = z.infer<typeof schema>;

export const planIn = (folder: string) => join(folder, "plan.json");
const originIn = (folder: string) => join(folder, "plan.bound.json");

/** Creates the folder, readable only by the current user. */
export function makeFolder(folder: string): void {
    if (existsSync(folder))
        throw new UsageError([`--out: must name a new folder (${folder} exists). Remove it, or choose another.`]);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Records next to the plan which stack, commit and state it is for. */
export async function savePlanOrigin(context: Context, folder: string, stack: Stack, state: Exported): Promise<void> {
    const saved: SavedPlan = {
        stack: stack.short,
        commit: await headOf(context),
        config: configOf(stack),
        plan: sha256(readFileSync(planIn(folder))),
        state: markOf(state),
        made: context.today.toISOString(),
    };
    writeFileSync(originIn(folder), `${json(saved)}\n`, { mode: 0o600 });
}

/**
 * Reports uncommitted changes: the commit of the plan does not contain them, so no reviewer has seen them.
 * @param option option that names the plan, for the message
 */
export async function uncommitted({ program = ROOT }: Context, option: "--out" | "--plan"): Promise<string[]> {
    const [first, ...others] = await uncommittedFiles(program);
    if (first === undefined) return [];
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return [
        `${option}: the work tree has uncommitted changes, but a plan must be of one commit (git status: ${first}${more}). Commit or revert the changes.`,
    ];
}

export function removeFolder(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
}

/** @returns the plan's text @throws UsageError with every mismatch of stack, commit, config and state */
export async function readSavedPlan(
    context: Context,
    folder: string,
    stack: Stack,
    state: Exported,
): Promise<{ plan: string; saved: SavedPlan }> {
    const plan = textOf(planIn(folder), folder);
    const saved = parsed(textOf(originIn(folder), folder));
    const commit = await headOf(context);
    const now = markOf(state);
    const problems = [
        saved.stack === stack.short
            ? ""
            : `the plan is of stack ${saved.stack}, not of ${stack.short}. Name the folder with the plan of ${stack.short}.`,
        saved.commit === commit
            ? ""
            : `the plan is of commit ${saved.commit.slice(0, 10)}, but commit ${commit.slice(0, 10)} is checked out. Check out ${saved.commit.slice(0, 10)}, or ${AGAIN}`,
        saved.config === configOf(stack)
            ? ""
            : `the config in ${[basename(stack.file), stack.callers?.name].filter(Boolean).join(" and ")} has changed since the plan was made. ${capital(AGAIN)}`,
        saved.plan === sha256(plan)
            ? ""
            : `plan.json in the folder has changed since the plan was made. ${capital(AGAIN)}`,
        saved.state === now
            ? ""
            : `the stack has changed since the plan was made (state then: ${saved.state}; state now: ${now}). ${capital(AGAIN)}`,
    ].filter((problem) => problem !== "");
    if (problems.length > 0) throw new UsageError(problems.map((problem) => `--plan: ${problem}`));
    return { plan, saved };
}

const AGAIN = "create the plan again and have it reviewed: npm run ops -- stack check --out <folder>";
const capital = (text: string) => text[0].toUpperCase() + text.slice(1);

function textOf(file: string, folder: string): string {
    if (existsSync(file) && statSync(file).isFile()) return readFileSync(file, "utf8");
    throw new UsageError([
        `--plan: must be a folder that stack check --out has made (there is no ${basename(file)} in ${folder}). Name the right folder.`,
    ]);
}

function parsed(text: string): SavedPlan {
    try {
        return schema.parse(JSON.parse(text));
    } catch {
        throw new UsageError([`--plan: must be complete (plan.bound.json cannot be read). ${capital(AGAIN)}`]);
    }
}

async function headOf({ program = ROOT }: Context): Promise<string> {
    return (await git(["rev-parse", "HEAD"], program)).trim();
}

function configOf({ text, callers }: Stack): string {
    return sha256(callers === undefined ? text : JSON.stringify([text, callers.name, callers.text]));
}

function sha256(content: string | Buffer): string {
    return createHash("sha256").update(content).digest("hex");
}
