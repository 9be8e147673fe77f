/** `stack history`: author, time and commit of each change of a stack, with its effects on callers. */
import { dirname } from "node:path";
import { wholeNumber, withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { json, table } from "../../output";
import { plain } from "../review/report";
import { findStack } from "../stack";
import { callersReader } from "./callers-at";
import { consequences } from "./consequences";
import { before, readVersions, WHO_NOTE, type Config, type Version } from "./versions";

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
    /** Number of versions to show, the newest first. */
    last: number;
}

/** Maximum number of lines in a table cell. `--json` and `stack diff` show all lines. */
const LINES = 6;

async function history(context: Context, args: HistoryArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const versions = await readVersions(context, stack);
    const configOf = callersReader(context.program);
    const rows = await Promise.all(
        versions
            .slice(-args.last)
            .reverse()
            .map((version) => rowOf(version, versions, { configOf, folder: dirname(stack.file) })),
    );
    if (args.json) return context.out(json(rows));
    if (rows.length === 0) return context.out(`Stack ${stack.short} has no versions: pulumi up has never run.`);
    const head = ["version", "when (UTC)", "who", "commit", "option", "what", "changes of callers and config"];
    context.out(
        table(
            head,
            rows.map((row) => cells(row, before(versions, row) === undefined)),
        ),
    );
    if (rows.some(({ who }) => who === undefined)) context.note(WHO_NOTE);
    context.note(
        `Compare: npm run ops -- stack diff <version> <version>${stack.flag}. Roll back: npm run ops -- stack rollback --to <version>${stack.flag}`,
    );
}

interface Around {
    configOf: (version: Version) => Promise<Config>;
    folder: string;
}

async function rowOf(version: Version, versions: Version[], around: Around) {
    const { config, ...rest } = version;
    const changed = version.kind === "update" ? await changesOf(version, before(versions, version), around) : [];
    return { ...rest, option: typeof config.option === "string" ? config.option : null, changed };
}

/** Effects of a version, one sentence each, and what was not compared. */
async function changesOf(version: Version, previous: Version | undefined, { configOf, folder }: Around) {
    const applied = async (one: Version) => ({ config: await configOf(one), start: one.start, folder });
    const { findings, notes } = consequences(previous && (await applied(previous)), await applied(version));
    return [...findings.map(({ says }) => says), ...notes];
}

/** @param isFirst whether no earlier version was applied */
function cells(row: Awaited<ReturnType<typeof rowOf>>, isFirst: boolean): string[] {
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
            ...(isFirst && kind === "update" ? ["first version: settings are not compared"] : []),
            ...lines.map((line) => (line.length > 70 ? `${line.slice(0, 70)}…` : line)),
            ...(more > 0 ? [`and ${more} more`] : []),
        ].join("\n"),
    ];
}
