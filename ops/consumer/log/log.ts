/** `consumer log`: who created, changed, revoked or handed out a credential, and when. */
import { label, withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { collect, UsageError } from "../../errors";
import { json, shownPath, table } from "../../output";
import { plain } from "../../stack/review/report";
import { WHO_NOTE } from "../../stack/history/versions";
import { findStack } from "../../stack/stack";
import { handoutsFolder } from "../handouts/record";
import { readPeriod } from "../usage/period";
import { readApplied } from "./applied";
import { readCommits } from "./commits";
import type { Entry } from "./entry";
import { readHandouts } from "./handouts";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(consumer.command("log"))),
        "consumer log --stack intra",
        "consumer log alice --since 365d --json",
    )
        .description(
            "List what admins did to callers: edits from git, versions from Pulumi's history, handouts from their records",
        )
        .argument("[consumer]", "name of a caller; without it, every caller", label)
        // A quarter, the period of an access review.
        .option("--since <time>", "minutes, hours or days before now, for example 90m, 24h or 365d", "90d")
        .action((name, args) => log(context, name, args));

interface LogArgs {
    stack?: string;
    since: string;
    json?: boolean;
}

/** Shows what happened to callers and their credentials, the newest first. Changes nothing. */
async function log(context: Context, consumer: string | undefined, args: LogArgs): Promise<void> {
    const period = readPeriod(args.since, context.today);
    const problems =
        period === undefined
            ? [
                  `--since: must be minutes, hours or days, for example 90m, 24h or 365d (got ${JSON.stringify(args.since)}).`,
              ]
            : [];
    const stack = await findStack(context, args.stack).catch(collect(problems));
    if (stack === undefined || period === undefined) throw new UsageError(problems);
    const subject = { context, stack, consumer };
    const found = await Promise.all([readCommits(subject), readApplied(subject), readHandouts(subject)]);
    const entries = found.flat().filter(({ at }) => Date.parse(at) >= period.from.getTime());
    context.note(
        `Handouts are read from their records, in ${shownPath(handoutsFolder(context, stack))} and in git. A record that was never committed is deleted with its credential: its handouts are not in this list.`,
    );
    entries.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    if (args.json) return context.out(json(entries));
    if (entries.length === 0)
        return context.out(
            `No edit, version or handout of ${consumer ?? "a caller"} since ${period.from.toISOString()}.`,
        );
    if (entries.some(({ who }) => who === null)) context.note(WHO_NOTE);
    context.out(table(["when (UTC)", "who", "source", "what"], entries.map(cells)));
}

function cells({ at, who, source, reference, changes }: Entry): string[] {
    const place = reference === null ? source : `${source} ${reference.slice(0, 10)}`;
    const when = new Date(at).toISOString().slice(0, 16).replace("T", " ");
    return [when, plain(who ?? "not recorded"), place, changes.map(plain).join("\n")];
}
