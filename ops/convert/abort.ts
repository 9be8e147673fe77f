/** `convert abort`: tells the running process to roll back; if there is none, rolls back in this process. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { withChange, withExamples, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { dryRun } from "../consent";
import { Failure } from "../errors";
import { json } from "../output";
import { findStack } from "../stack/stack";
import { holderOf, lockFile, orderFile } from "./lock/lock";
import { BEFORE } from "./phases";
import { unhappy } from "./report";
import { runConversion, type ConvertArgs } from "./run";
import { status } from "./status";

/** Time within which the running process must accept the order to roll back, in seconds. It checks for orders twice a second. */
const TAKE_SECONDS = 5;

export const command: AddCommand = (convert, context) =>
    withExamples(
        withChange(convert.command("abort"), "roll back to intra-a, or tell the running conversion to do so"),
        "convert abort --stack intra",
        "convert abort --stack intra --yes",
    )
        .description("Roll back to intra-a: by the running conversion or, if there is none, by this command")
        .option("--take-over", "take over a conversion whose machine is gone (default: fail)")
        .action((args) => abort(context, args));

/** Without --yes it only shows the state of the conversion. */
async function abort(context: Context, args: ConvertArgs): Promise<void> {
    if (!args.yes) {
        await status(context, args);
        return dryRun(context, `roll back to ${BEFORE}`, args);
    }
    const { short } = await findStack(context, args.stack);
    const returnHere = async () => {
        const result = await runConversion(context, { ...args, to: BEFORE }, { onlyUnderWay: true });
        if (result !== undefined && result.outcome !== "returned") throw new Failure(unhappy(result));
    };
    const holder = holderOf(context.folder, short);
    if (holder === undefined) return returnHere();
    if (!(await order(context, short))) return returnHere();
    if (args.json) return context.out(json({ stack: short, to: BEFORE, outcome: "asked", holder }));
    context.out(
        `Told the process of ${holder.who}, pid ${holder.pid} on ${holder.host}, to roll back to ${BEFORE}. Watch: npm run ops -- convert status --stack ${short}`,
    );
}

/**
 * Tells the running process to roll back.
 * @returns true if it has accepted the request, false if it has ended meanwhile
 * @throws Failure if it does not accept the request in time
 */
async function order({ folder }: Context, stack: string): Promise<boolean> {
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
            `convert abort: ${who}, pid ${pid} on ${host}, did not accept the request to roll back within ${TAKE_SECONDS} s. ` +
                `If that process is suspended, let it continue (fg, or kill -CONT ${pid}), and it rolls back. ` +
                `If it no longer exists, remove ${lockFile(folder, stack)} and run: npm run ops -- convert abort --yes --stack ${stack}`,
        );
    }
    return true;
}
