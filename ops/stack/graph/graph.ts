/** `stack graph`: draws the path of a request through a stack from its state, with the changes of a preview in colour. */
import { withExamples, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import { withFormat } from "../review/arguments";
import { readPreview } from "../review/preview";
import { exported, fileText } from "../review/review";
import { findStack } from "../stack";
import { draw } from "./draw";
import { renderMermaid } from "./mermaid";
import { renderSvg } from "./svg";

const GRAPH_FORMATS = ["mermaid", "svg", "json"] as const;

export const command: AddCommand = (stack, context) =>
    withExamples(
        withFormat(withStack(stack.command("graph")), "output format", GRAPH_FORMATS),
        "stack graph --stack intra",
        "stack graph --stack intra --preview preview.json --format svg > intra.svg",
    )
        .description("Draw a stack: the path of a request, the nodes and hosts, and the changes of a preview")
        .option(
            "--preview <file>",
            "colour the changes of a preview, from the output of pulumi preview --json (default: none)",
        )
        .action((args) => graph(context, args));

interface GraphArgs {
    stack?: string;
    /** File with the output of `pulumi preview --json`, whose changes are drawn. Default: no changes are drawn. */
    preview?: string;
    format: (typeof GRAPH_FORMATS)[number];
}

async function graph(context: Context, args: GraphArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const preview =
        args.preview === undefined
            ? undefined
            : readPreview(fileText("--preview", args.preview), "--preview", stack.short);
    const picture = draw(stack.short, await exported(context, stack), preview);
    if (picture === undefined)
        throw new UsageError([`--stack: ${stack.short} has no resources to draw. Run pulumi up, or give --preview.`]);
    if (args.format === "json") return context.out(json(picture));
    context.out(args.format === "svg" ? await renderSvg(picture) : renderMermaid(picture));
}
