/** Tells the running process to roll back; if there is none, rolls back in this process. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "../../context";
import { dryRun } from "../../consent";
import { Failure } from "../../errors";
import { json } from "../../output";
import { findStack } from "../../stack/stack";
import type { Kind } from "../kind";
import { holderOf, lockFile, orderFile } from "../lock";
import type { CutoverSource } from "./carry-out";
import { unhappy } from "./report";
import { runCutover, type CutoverArgs } from "./run";
import { status } from "./status";

/** Time within which the running process must accept the order to roll back, in seconds. It checks for orders twice a second. */
const TAKE_SECONDS = 5;

/** Without --yes it only shows the state of the cutover. */
export async function abort(context: Context, args: CutoverArgs, source: CutoverSource): Promise<void> {
    const { kind } = source;
    const { command, before } = kind;
    if (!args.yes) {
        await status(context, args, source);
        return dryRun(context, `roll back to ${before}`, args);
    }
    const { short } = await findStack(context, args.stack);
    const returnHere = async () => {
        const result = await runCutover(context, { ...args, to: before }, source, { onlyUnderWay: true });
        if (result !== undefined && result.outcome !== "returned") throw new Failure(unhappy(kind, result));
    };
    const holder = holderOf(context.folder, short);
    if (holder === undefined) return returnHere();
    if (!(await order(context, kind, short))) return returnHere();
    if (args.json) return context.out(json({ stack: short, to: before, outcome: "asked", holder }));
    context.out(
        `Told the process of ${holder.who}, pid ${holder.pid} on ${holder.host}, to roll back to ${before}. Watch: npm run ops -- ${command} status --stack ${short}`,
    );
}

/**
 * Tells the running process to roll back.
 * @returns true if it has accepted the request, false if it has ended meanwhile
 * @throws Failure if it does not accept the request in time
 */
async function order({ folder }: Context, { command }: Kind, stack: string): Promise<boolean> {
    const file = orderFile(folder, stack);
    writeFileSync(file, "");
    for (const end = Date.now() + TAKE_SECONDS * 1000; existsSync(file); await pause(100)) {
        const holder = holderOf(folder, stack);
        if (holder === undefined) {
            rmSync(file, { force: true });
            return false;
        }
        if (Date.now() < end) continue;
        const { who, pid, host } = holder;
        throw new Failure(
            `${command} abort: ${who}, pid ${pid} on ${host}, did not accept the request to roll back within ${TAKE_SECONDS} s. ` +
                `If that process is suspended, let it continue (fg, or kill -CONT ${pid}), and it rolls back. ` +
                `If it no longer exists, remove ${lockFile(folder, stack)} and run: npm run ops -- ${command} abort --yes --stack ${stack}`,
        );
    }
    return true;
}
