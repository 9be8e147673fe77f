import { withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { showStatus } from "../cutover/commands/status";
import { readState } from "./read-state";

export const command: AddCommand = (convert, context) =>
    withExamples(
        withJson(withStack(convert.command("status"))),
        "convert status --stack intra",
        "convert status --json",
    )
        .description("Show the phase of a conversion, since when callers get 503, and the next step")
        .action((args) => status(context, args));

interface StatusArgs {
    stack?: string;
    json?: boolean;
}

/** Shows how far a stack is between the two options. */
export async function status(context: Context, args: StatusArgs): Promise<void> {
    const found = await readState(context, args.stack);
    const { reached, asked } = found.progress;
    const { short } = found.stack;
    showStatus(context, args, found, { option: asked === "intra-a" ? "intra-a" : "intra-b" }, [
        `${short}: option ${reached === "intra-a" ? "intra-a" : "intra-b"}${reached === "prepare" ? ", prepared, with Alpa still on bare metal" : ""}; no conversion is under way.`,
        `Next: npm run ops -- convert plan --stack ${short}`,
    ]);
}
