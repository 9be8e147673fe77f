import { withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { showStatus } from "../../cutover/commands/status";
import { describeChange } from "./change";
import { readState } from "./read-state";

export const command: AddCommand = (upgrade, context) =>
    withExamples(
        withJson(withStack(upgrade.command("status"))),
        "model upgrade status --stack intra",
        "model upgrade status --json",
    )
        .description("Show the phase of an upgrade, since when callers get 503, and the next step")
        .action((args) => status(context, args));

interface StatusArgs {
    stack?: string;
    json?: boolean;
}

/** Shows the state of an upgrade of the model. */
export async function status(context: Context, args: StatusArgs): Promise<void> {
    const found = await readState(context, { stack: args.stack });
    const { change, progress, stack } = found;
    const { old, new: next } = change;
    if (progress.direction !== undefined && !args.json) describeChange(change).forEach((line) => context.out(line));
    showStatus(context, args, found, { old, new: next }, [
        `${stack.short}: no upgrade of the model is under way${progress.reached === "prepare" ? "; image and weights of a new version are on the nodes" : ""}.`,
        `Next: npm run ops -- model upgrade plan --stack ${stack.short}`,
    ]);
}
