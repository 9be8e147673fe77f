import type { Context } from "../context";
import type { PlanArgs } from "./plan";
export async function rehearse(_context: Context, _args: PlanArgs): Promise<void> {}
