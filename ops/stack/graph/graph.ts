/** `ops stack graph`: a picture of what a request passes, from the state of a stack, with what a preview changes coloured. */
import { withExamples, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import { withFormat } from "../../review/arguments";
import { readPreview } from "../../review/preview";
import { exported, fileText } from "../../review/review";
import { findStack } from "../stack";
import { draw } from "./draw";
import { renderMermaid } from "./mermaid";
import { renderSvg } from "./svg";

export const GRAPH_FORMATS = ["mermaid", "svg", "json"] as const;

export const command: AddCommand = (stack, context) =>
    withExamples(
        withFormat(withStack(stack.command("graph")), "how to draw it", GRAPH_FORMATS),
        "stack graph --stack intra",
        "stack graph --stack intra --preview preview.json --format svg > intra.svg",
    )
        .description("Draw a stack: what a request passes, where it runs, and what a preview changes of it")
        .option("--preview <file>", "colour what pulumi preview --json printed (default: none)")
        .action((args) => graph(context, args));

export interface GraphArgs {
    stack?: string;
    /** File with what `pulumi preview --json` printed. Unset: the stack as it is. */
    preview?: string;
    format: (typeof GRAPH_FORMATS)[number];
}

export async function graph(context: Context, args: GraphArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const preview =
        args.preview === undefined
            ? undefined
            : readPreview(fileText("--preview", args.preview), "--preview", stack.short);
    const picture = draw(stack.short, await exported(context, stack), preview);
    if (picture === undefined)
        throw new UsageError([
            `--stack: ${stack.short} must have resources to draw (it has none). Run pulumi up, or give --preview.`,
        ]);
    if (args.format === "json") return context.out(json(picture));
    context.out(args.format === "svg" ? await renderSvg(picture) : renderMermaid(picture));
}
