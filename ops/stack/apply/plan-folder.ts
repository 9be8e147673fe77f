/** A plan in a folder, with its review, and the stack, commit, config and state that it is for. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, type Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import { git } from "../history/commits";
import type { Exported } from "../review/preview";
import type { Review } from "../review/report";
import type { Stack } from "../stack";
import { markOf } from "../state-digest";

interface SavedPlan {
    /** What the plan is for. */
    bound: Record<"stack" | "commit" | "config" | "plan" | "state", string>;
    made: string;
    review: Review;
}

export const planIn = (folder: string) => join(folder, "plan.json");
const originIn = (folder: string) => join(folder, "plan.bound.json");

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
    const again = "Create the plan again and have it reviewed: npm run ops -- stack review --out <folder>";
    let saved: SavedPlan;
    let now: SavedPlan["bound"];
    try {
        saved = JSON.parse(readFileSync(originIn(folder), "utf8")) as SavedPlan;
        now = await boundTo(context, folder, stack, state);
    } catch (error) {
        if (!(error instanceof SyntaxError || (error as NodeJS.ErrnoException).code !== undefined)) throw error;
        throw new UsageError([
            `--plan: must be a folder that stack review --out has made (${folder} lacks plan.json or plan.bound.json, or they are damaged). ${again}`,
        ]);
    }
    const then: Record<string, string> = saved.bound ?? {};
    const others = Object.entries(now).filter(([key, value]) => then[key] !== value);
    if (others.length === 0) return saved;
    throw new UsageError(
        others.map(([key, value]) => `--plan: is for another ${key} (${then[key]}, now ${value}). ${again}`),
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
