/** A plan in a folder, with its review, and the stack, commit, config and state that it is for. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, type Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import { git } from "../history/commits";
import type { Exported } from "../review/preview";
import type { Review } from "../review/report";
import type { Stack } from "../stack";
import { markOf } from "../state-digest";

/** What a plan is for, with the words for it. */
const BOUND = { stack: "stack", commit: "commit", config: "config", plan: "plan.json", state: "state" };

interface SavedPlan {
    bound: Record<keyof typeof BOUND, string>;
    made: string;
    review: Review;
}

export const planIn = (folder: string) => join(folder, "plan.json");
const originIn = (folder: string) => join(folder, "plan.bound.json");

/** Creates the folder, readable only by the current user. */
export function makeFolder(folder: string): void {
    if (existsSync(folder))
        throw new UsageError([`--out: must name a new folder (${folder} exists). Remove it, or choose another.`]);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Records next to the plan what it is for, and its review. */
export async function savePlanOrigin(
    context: Context,
    folder: string,
    stack: Stack,
    state: Exported,
    review: Review,
): Promise<void> {
    const bound = await boundTo(context, folder, stack, state);
    const saved: SavedPlan = { bound, made: context.today.toISOString(), review };
    writeFileSync(originIn(folder), `${json(saved)}\n`, { mode: 0o600 });
}

/** @throws UsageError with every mismatch of stack, commit, config and state */
export async function readSavedPlan(
    context: Context,
    folder: string,
    stack: Stack,
    state: Exported,
): Promise<SavedPlan> {
    const again = "Create the plan again and have it reviewed: npm run ops -- stack check --out <folder>";
    let saved: SavedPlan;
    let now: SavedPlan["bound"];
    try {
        saved = JSON.parse(readFileSync(originIn(folder), "utf8")) as SavedPlan;
        now = await boundTo(context, folder, stack, state);
    } catch (error) {
        if (!(error instanceof SyntaxError || (error as NodeJS.ErrnoException).code !== undefined)) throw error;
        throw new UsageError([
            `--plan: must be a folder that stack check --out has made (${folder} lacks plan.json or plan.bound.json, or they are damaged). ${again}`,
        ]);
    }
    const others = (Object.keys(BOUND) as (keyof typeof BOUND)[]).filter((key) => saved.bound?.[key] !== now[key]);
    if (others.length === 0) return saved;
    throw new UsageError(
        others.map((key) => `--plan: is for another ${BOUND[key]} (${saved.bound?.[key]}, now ${now[key]}). ${again}`),
    );
}

async function boundTo(
    { program = ROOT }: Context,
    folder: string,
    { short, text, callers }: Stack,
    state: Exported,
): Promise<SavedPlan["bound"]> {
    const digest = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");
    return {
        stack: short,
        commit: (await git(["rev-parse", "HEAD"], program)).trim(),
        config: digest(JSON.stringify([text, callers?.name, callers?.text])),
        plan: digest(readFileSync(planIn(folder))),
        state: markOf(state),
    };
}
