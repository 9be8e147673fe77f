import { withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { UsageError } from "../errors";
import { json } from "../output";
import { gatewayOf, serverOf } from "../stack/gateway";
import { isEdge, readStack } from "../stack/settings";
import { addressProblem, readPeriod, readPrometheus } from "./usage/prometheus";
import { renderTable, usageRows } from "./usage/rows";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(consumer.command("usage"))),
        "consumer usage --prometheus http://127.0.0.1:9090 --since 24h",
        "consumer usage --prometheus http://127.0.0.1:9090 --json",
    )
        .description(
            "Show the usage of each caller: requests, rejections and bytes, and with an OpenAI-compatible server its tokens",
        )
        .requiredOption("--prometheus <url>", "Prometheus server with the gateway's metrics")
        .option("--since <time>", "minutes, hours or days before now, for example 90m, 24h or 7d", "7d")
        .action((args) => usage(context, args));

interface UsageArgs {
    stack?: string;
    prometheus: string;
    since: string;
    json?: boolean;
}

/** Shows the requests of each caller in a period, from Prometheus. Changes nothing. */
async function usage(context: Context, args: UsageArgs): Promise<void> {
    const stack = await readStack(context, args.stack);
    const period = readPeriod(args.since, context.today);
    const problems = addressProblem(args.prometheus);
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
    const about = { stack: stack.short, since: period.since, from: period.from, to: period.to };
    context.out(args.json ? json({ ...about, callers: rows }) : renderTable(rows));
}
