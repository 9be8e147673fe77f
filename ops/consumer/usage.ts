import { withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { UsageError } from "../errors";
import { json } from "../output";
import { gatewayOf, serverOf } from "../stack/gateway";
import { isEdge, readStack } from "../stack/settings";
import { readPeriod } from "./usage/period";
import { addressProblem, readPrometheus } from "./usage/prometheus";
import { renderCsv, renderTable } from "./usage/render";
import { usageRows, type UsageRow } from "./usage/rows";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(consumer.command("usage"))),
        "consumer usage --prometheus http://127.0.0.1:9090 --since 24h",
        "consumer usage --prometheus http://127.0.0.1:9090 --csv",
    )
        .description(
            "Show the usage of each caller: requests, rejections and bytes, and with an OpenAI-compatible server its tokens",
        )
        .requiredOption("--prometheus <url>", "Prometheus server with the gateway's metrics")
        .option("--since <time>", "minutes, hours or days before now, for example 90m, 24h or 7d", "7d")
        .option("--csv", "print comma-separated values instead of a table")
        .action((args) => usage(context, args));

interface UsageArgs {
    stack?: string;
    prometheus: string;
    since: string;
    json?: boolean;
    csv?: boolean;
}

/** Usage of each caller. It contains no secret. */
interface Usage {
    /** Short name of the stack. */
    stack: string;
    since: string;
    /** Start and end of the period, in UTC. */
    from: string;
    to: string;
    callers: UsageRow[];
}

/** Shows the requests of each caller in a period, from Prometheus. Changes nothing. */
async function usage(context: Context, args: UsageArgs): Promise<void> {
    const stack = await readStack(context, args.stack);
    const period = readPeriod(args.since, context.today);
    const problems = argumentProblems(args);
    if (period === undefined)
        problems.push(
            `--since: must be minutes, hours or days, for example 90m, 24h or 7d (got ${JSON.stringify(args.since)}).`,
        );
    if (isEdge(stack))
        problems.push(
            `--stack: ${stack.short} has option cloudflare, which has no gateway. See the logs of Access at Cloudflare.`,
        );
    if (problems.length > 0 || period === undefined) throw new UsageError(problems);
    const { namespace } = gatewayOf(stack);
    const tokens = serverOf(stack) === "openai";
    const found = await readPrometheus(args.prometheus, { namespace, period, tokens }, context.note);
    context.note("Estimates: Prometheus extrapolates, and does not see the first requests of a new series.");
    const rows = usageRows(found, stack.settings.callers, namespace);
    const shown: Usage = {
        stack: stack.short,
        since: period.since,
        from: period.from.toISOString(),
        to: period.to.toISOString(),
        callers: rows,
    };
    context.out(args.json ? json(shown) : args.csv ? renderCsv(stack.short, period, rows) : renderTable(rows));
}

function argumentProblems({ prometheus, json, csv }: UsageArgs): string[] {
    const address = addressProblem(prometheus);
    return [
        ...(address === undefined ? [] : [address]),
        ...(json && csv ? ["--json, --csv: only one of them can be the output. Remove one."] : []),
    ];
}
