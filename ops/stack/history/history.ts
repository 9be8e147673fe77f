/** `ops stack history`: who changed a stack, when, from which commit, and what it meant for callers. */
import type { Context } from "../../context";
import { UsageError } from "../../errors";
import { json, table } from "../../output";
import { plain } from "../../review/report";
import { findStack } from "../stack";
import { callerLines, secretKeys, settingLines } from "./consequences";
import { commitsBetween } from "./commits";
import { callersReader } from "./callers-at";
import { before, isDone, readVersions, type Config, type Version } from "./versions";

export interface HistoryArgs {
    stack?: string;
    json?: boolean;
    /** How many versions, the newest of them. */
    last: number;
}

/** Lines of a cell; the rest is in `--json` and in `diff`. */
const LINES = 6;

export async function history(context: Context, args: HistoryArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const versions = await readVersions(context, stack);
    const configOf = callersReader(context.program);
    const rows = await Promise.all(
        versions
            .slice(-args.last)
            .reverse()
            .map((version) => rowOf(version, versions, configOf)),
    );
    if (args.json) return context.out(json(rows));
    if (rows.length === 0) return context.out(`Stack ${stack.short} was never brought up.`);
    const head = ["version", "when", "who", "commit", "option", "what", "for callers and in the config"];
    context.out(table(head, rows.map(cells)));
    context.note(
        `Compare: npm run ops -- stack diff <version> <version>. Go back: npm run ops -- stack rollback --to <version>`,
    );
}

async function rowOf(version: Version, versions: Version[], configOf: (one: Version) => Promise<Config>) {
    const { config, ...rest } = version;
    const previous = version.kind === "update" ? before(versions, version) : undefined;
    const changed =
        previous === undefined
            ? []
            : [
                  ...callerLines(await configOf(previous), await configOf(version)),
                  ...settingLines(previous.config, config),
              ];
    return { ...rest, option: typeof config.option === "string" ? config.option : null, changed };
}

function cells(row: Awaited<ReturnType<typeof rowOf>>): string[] {
    const { number, start, who, commit, dirty, option, kind, result, changes, changed } = row;
    const done = Object.entries(changes).map(([op, n]) => `${n} ${op}`);
    const lines = changed.slice(0, LINES).map(plain);
    const more = changed.length - lines.length;
    return [
        String(number),
        start.slice(0, 16).replace("T", " "),
        plain(who ?? ""),
        commit === undefined ? "none" : `${commit.slice(0, 10)}${dirty ? " and changes" : ""}`,
        option ?? "",
        [kind, ...(result === "succeeded" ? [] : [result]), ...done].join("\n"),
        [
            ...lines.map((line) => (line.length > 70 ? `${line.slice(0, 70)}…` : line)),
            ...(more > 0 ? [`and ${more} more`] : []),
        ].join("\n"),
    ];
}

export interface DiffArgs {
    stack?: string;
    json?: boolean;
}

/** `ops stack diff A B`: what differs between two versions, for callers, in the config, and in the program. */
export async function diff(context: Context, from: number, to: number, args: DiffArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const versions = await readVersions(context, stack);
    const [a, b] = both(versions, from, to, stack.short);
    const configOf = callersReader(context.program);
    const callers = callerLines(await configOf(a), await configOf(b));
    const settings = settingLines(a.config, b.config);
    const secrets = secretKeys(a.config, b.config);
    const commits = a.commit && b.commit ? await commitsBetween(a.commit, b.commit, context.program) : undefined;
    if (args.json)
        return context.out(
            json({ from: a.number, to: b.number, callers, settings, secrets, commits: commits ?? null }),
        );
    const part = (title: string, lines: string[], none: string) => [
        title,
        ...(lines.length > 0 ? lines : [none]).map((line) => `  ${plain(line)}`),
    ];
    context.out(
        [
            `From version ${a.number} (${a.start}) to ${b.number} (${b.start}) of stack ${stack.short}`,
            ...part("Callers", callers, "no difference"),
            ...part("Config", settings, "no difference"),
            ...(secrets.length > 0 ? [`  ${secrets.join(", ")}: secret in both; whether it differs is not shown`] : []),
            ...part("Program", programLines(a, b, commits), "the same commit"),
        ].join("\n"),
    );
}

function programLines(a: Version, b: Version, commits: string[] | undefined): string[] {
    const changes = [a, b]
        .filter(({ dirty }) => dirty)
        .map(({ number }) => `version ${number} ran with changes that are in no commit`);
    if (a.commit === undefined || b.commit === undefined)
        return ["one of them ran outside of git: no commit is known", ...changes];
    if (commits === undefined)
        return [`${a.commit.slice(0, 10)} -> ${b.commit.slice(0, 10)}: not in this clone. Run: git fetch`, ...changes];
    return [...commits, ...changes];
}

function both(versions: Version[], from: number, to: number, stack: string): [Version, Version] {
    const found = [from, to].map((number) => versions.find((version) => version.number === number));
    const problems = [from, to]
        .filter((_, i) => found[i] === undefined)
        .map((number) => unknownVersion(number, versions, stack));
    if (problems.length > 0) throw new UsageError(problems);
    return found as [Version, Version];
}

export function unknownVersion(number: number, versions: Version[], stack: string): string {
    const numbers = versions.filter(isDone).map((version) => version.number);
    const known = numbers.length > 0 ? `${numbers.slice(-10).join(", ")}` : "none";
    return `version: must be one of the history of ${stack} (got ${number}, the last are ${known}). See: npm run ops -- stack history`;
}
