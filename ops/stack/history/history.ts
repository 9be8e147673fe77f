/** `stack history`: author, time and commit of each change of a stack, with its effects on callers. */
import { dirname } from "node:path";
import { wholeNumber, withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { json, table } from "../../output";
import { plain } from "../review/report";
import { findStack } from "../stack";
import { appliedBy } from "./config-at";
import { consequences } from "./consequences";
import { isDone, readVersions, type Version } from "./versions";

export const command: AddCommand = (stack, context) =>
    withExamples(
        withJson(withStack(stack.command("history"))),
        "stack history --stack intra",
        "stack history --last 5 --json",
    )
        .description("List the versions of the stack: author, time, commit, and changes for callers")
        .option("--last <n>", "number of versions to show, newest first", wholeNumber(1), 20)
        .action((args) => history(context, args));

interface HistoryArgs {
    stack?: string;
    json?: boolean;
    last: number;
}

/** Maximum number of lines in a table cell. `--json` and `stack diff` show all lines. */
const LINES = 6;

async function history(context: Context, args: HistoryArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const versions = await readVersions(context, stack);
    const effects = async (version: Version) => {
        if (version.kind !== "update") return [];
        const previous = versions.filter((other) => other.number < version.number && isDone(other)).at(-1);
        const old = previous && (await appliedBy(previous, context.program));
        return consequences(old, await appliedBy(version, context.program), dirname(stack.file));
    };
    const rows = await Promise.all(
        versions
            .slice(-args.last)
            .reverse()
            .map(async (version) => {
                const { config, ...rest } = version;
                const option = typeof config.option === "string" ? config.option : null;
                return { ...rest, option, changed: await effects(version) };
            }),
    );
    if (args.json) return context.out(json(rows));
    if (rows.length === 0) return context.out(`Stack ${stack.short} has no versions: pulumi up has never run.`);
    const head = ["version", "when (UTC)", "who", "commit", "option", "what", "changes of callers and config"];
    context.out(table(head, rows.map(cells)));
    if (rows.some(({ who }) => who === undefined))
        context.note(
            'who is "not recorded" where pulumi up ran outside of CI with edits that no commit contains. To record names, commit before you run pulumi up.',
        );
    context.note(
        `Compare: npm run ops -- stack diff <version> <version>${stack.flag}. Roll back: npm run ops -- stack rollback --to <version>${stack.flag}`,
    );
}

type Row = Omit<Version, "config"> & { option: string | null; changed: string[] };

function cells(row: Row): string[] {
    const { number, start, who, commit, dirty, option, kind, result, changes, changed } = row;
    const done = Object.entries(changes).map(([op, n]) => `${n} ${op}`);
    const lines = changed.slice(0, LINES).map(plain);
    const more = changed.length - lines.length;
    return [
        String(number),
        // Pulumi's times are in UTC.
        start.slice(0, 16).replace("T", " "),
        plain(who ?? "not recorded"),
        commit === undefined ? "none" : `${commit.slice(0, 10)}${dirty ? " (dirty)" : ""}`,
        option ?? "",
        [kind, ...(result === "succeeded" ? [] : [result]), ...done].join("\n"),
        [
            ...lines.map((line) => (line.length > 70 ? `${line.slice(0, 70)}…` : line)),
            ...(more > 0 ? [`and ${more} more`] : []),
        ].join("\n"),
    ];
}
