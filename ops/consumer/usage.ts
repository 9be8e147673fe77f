import { accessSync, constants, createReadStream, statSync } from "node:fs";
import { choice, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { errorMessage, Failure, UsageError } from "../errors";
import { json } from "../output";
import { gatewayOf } from "../stack/gateway";
import { callersOf, findStack } from "../stack/stack";
import { authenticatorIn } from "../stack/stack-file";
import { readAccessLog, type Lines } from "./usage/access-log";
import { readPeriod, type Period } from "./usage/period";
import { addressProblem, readPrometheus } from "./usage/prometheus";
import { renderCsv, renderTable } from "./usage/render";
import { usageRows, type UsageRow } from "./usage/rows";
import type { Grouping, Tally } from "./usage/tally";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(consumer.command("usage"))),
        "consumer usage --log gateway.log --since 24h",
        "consumer usage --log - --by credential < gateway.log",
        "consumer usage --prometheus http://127.0.0.1:9090 --csv",
    )
        .description(
            "Show the usage of each caller: requests, rejections, Alpa's time and bytes; prompt and output tokens are not counted",
        )
        .option("--since <time>", "minutes, hours or days before now, for example 90m, 24h or 7d", "7d")
        .option("--log <file>", "access log of the gateway; - is standard input (default: none)")
        .option(
            "--prometheus <url>",
            "Prometheus server with the gateway's metrics, which do not contain Alpa's time (default: none)",
        )
        .addOption(
            choice(
                "--by <what>",
                "one line for each caller or for each credential; credential needs --log",
                BY,
                "caller",
            ),
        )
        .option("--csv", "print comma-separated values instead of a table")
        .action((args) => usage(context, args));

const BY: readonly Grouping[] = ["caller", "credential"];

interface UsageArgs {
    stack?: string;
    since: string;
    log?: string;
    prometheus?: string;
    by: Grouping;
    json?: boolean;
    csv?: boolean;
}

/** Usage of each caller. It contains no secret. */
interface Usage {
    /** Short name of the stack. */
    stack: string;
    source: "log" | "prometheus";
    /** True for Prometheus, because it extrapolates and does not count the first requests of a new series. */
    isEstimate: boolean;
    since: string;
    /** Start and end of the period, in UTC. */
    from: string;
    to: string;
    /** Lines of the access log; null with Prometheus. */
    lines: Lines | null;
    callers: UsageRow[];
}

/** Shows the requests of each caller in a period, from the gateway's access log or from Prometheus. Changes nothing. */
async function usage(context: Context, args: UsageArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const period = readPeriod(args.since, context.today);
    const problems = [...sourceProblems(args), ...formProblems(args)];
    if (period === undefined)
        problems.push(
            `--since: must be minutes, hours or days, for example 90m, 24h or 7d (got ${JSON.stringify(args.since)}).`,
        );
    if (authenticatorIn(stack.text) === "edge")
        problems.push(
            `--stack: ${stack.short} has option cloudflare, which has no gateway. See the logs of Access at Cloudflare.`,
        );
    if (problems.length > 0 || period === undefined) throw new UsageError(problems);
    const { namespace } = gatewayOf(stack);
    const { tally, lines } = await measured(context, args, namespace, period);
    const rows = usageRows(tally, callersOf(stack), namespace, args.by);
    const shown: Usage = {
        stack: stack.short,
        source: lines === null ? "prometheus" : "log",
        isEstimate: lines === null,
        since: period.since,
        from: period.from.toISOString(),
        to: period.to.toISOString(),
        lines,
        callers: rows,
    };
    context.out(args.json ? json(shown) : args.csv ? renderCsv(stack.short, period, rows) : renderTable(rows));
}

function sourceProblems({ log, prometheus, by }: UsageArgs): string[] {
    const problems: string[] = [];
    if (log === undefined && prometheus === undefined)
        problems.push(
            "--log, --prometheus: one of them is required. Give --prometheus <url>, for example http://127.0.0.1:9090, or --log <file> (- is standard input).",
        );
    if (log !== undefined && prometheus !== undefined)
        problems.push("--log, --prometheus: only one of them can be the source. Remove one.");
    if (prometheus !== undefined && by === "credential")
        problems.push("--by: the metrics do not distinguish credentials. Use --log, or remove --by.");
    const address = prometheus === undefined ? undefined : addressProblem(prometheus);
    const file = log === undefined ? undefined : fileProblem(log);
    return [...problems, ...[address, file].filter((one) => one !== undefined)];
}

function formProblems({ json, csv }: UsageArgs): string[] {
    return json && csv ? ["--json, --csv: only one of them can be the output. Remove one."] : [];
}

const STDIN = "-";

function fileProblem(file: string): string | undefined {
    if (file === STDIN) return undefined;
    try {
        accessSync(file, constants.R_OK);
        return statSync(file).isDirectory()
            ? `--log: must be a file (${file} is a directory). Correct the path.`
            : undefined;
    } catch (error) {
        return `--log: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}). Correct the path.`;
    }
}

/** @returns the sums; `lines` is null with Prometheus */
async function measured(
    context: Context,
    args: UsageArgs,
    namespace: string,
    period: Period,
): Promise<{ tally: Tally; lines: Lines | null }> {
    if (args.prometheus !== undefined) {
        const tally = await readPrometheus(args.prometheus, namespace, period, context.note);
        context.note(
            "Estimates: Prometheus extrapolates, and does not see the first requests of a new series. The metrics contain neither Alpa's time by caller nor the reasons of rejections: the access log contains both (--log).",
        );
        return { tally, lines: null };
    }
    const found = await readLog(context, args.log!, period, args.by);
    sayLines(context, found.lines, period);
    return found;
}

async function readLog(context: Context, log: string, period: Period, by: Grouping) {
    const input = log === STDIN ? context.stdinStream() : createReadStream(log);
    const found = await readAccessLog(input, period, by).catch((error: unknown) => {
        throw new Failure(`--log: ${log} cannot be read to its end (${errorMessage(error)}).`);
    });
    const { read, oldest } = found.lines;
    // A table of zeros would look like a period without requests.
    if (oldest === null)
        throw new UsageError([
            `--log: must have lines of the access log (${log === STDIN ? "standard input" : log} has ${read} lines, none from the access log). Set observability.accessLog, and use kubectl logs without --timestamps and --prefix.`,
        ]);
    return found;
}

/** Prints how many lines of the log were not counted, without quoting any. */
function sayLines({ note }: Context, { read, counted, older, ahead, other, oldest }: Lines, { from }: Period): void {
    const left = [
        [older, `from before ${from.toISOString()}`],
        [other, "not of the access log"],
        [ahead, "more than 5 minutes ahead of this machine's clock (compare the clocks)"],
    ] as const;
    const parts = left.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    note(`Counted ${counted} of ${read} lines${parts.length === 0 ? "" : `; not counted: ${parts.join(", ")}`}.`);
    if (oldest !== null && Date.parse(oldest) > from.getTime())
        note(
            `The oldest line of the log is from ${oldest}, after the start of the period: earlier requests are not counted.`,
        );
}
