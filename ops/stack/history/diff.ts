/** `stack diff A B`: the effects of the differences between two versions' configs, and the commits of the program. */
import { dirname } from "node:path";
import { wholeNumber, withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import { plain } from "../review/report";
import { exported } from "../review/review";
import { findStack } from "../stack";
import { callersReader } from "./callers-at";
import { commitsBetween } from "./commits";
import { consequences, credentialsIn } from "./consequences";
import { createdAfter } from "./generated";
import { readVersions, unknownVersion, type Version } from "./versions";

export const command: AddCommand = (stack, context) =>
    withExamples(
        withJson(withStack(stack.command("diff"))),
        "stack diff 41 43 --stack intra",
        "stack diff 41 43 --json",
    )
        .description("Compare two versions: effects of their configs on callers, program")
        .argument("<from>", "number of a version, from stack history", wholeNumber(1))
        .argument("<to>", "number of another version", wholeNumber(1))
        .action((from, to, args) => diff(context, from, to, args));

interface DiffArgs {
    stack?: string;
    json?: boolean;
}

async function diff(context: Context, from: number, to: number, args: DiffArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const versions = await readVersions(context, stack);
    const [a, b] = both(versions, from, to, stack.short);
    const configOf = callersReader(context.program);
    const again = createdAfter(await exported(context, stack), versions, from < to ? a : b);
    const applied = async (one: Version) => ({
        config: await configOf(one),
        start: one.start,
        folder: dirname(stack.file),
    });
    const sides = [await applied(a), await applied(b)] as const;
    const { findings, notes } = consequences(...sides);
    const inBoth = ([who]: [string, number]) => sides.every(({ config }) => credentialsIn(config).has(who));
    const effects = [
        ...[...again]
            .filter(inBoth)
            .map(([who, by]) => `Credential ${who} was created again in version ${by}, with another secret`),
        ...findings.map(({ says }) => says),
        ...notes,
    ];
    const commits = a.commit && b.commit ? await commitsBetween(a.commit, b.commit, context.program) : undefined;
    if (args.json) return context.out(json({ from: a.number, to: b.number, effects, commits: commits ?? null }));
    const part = (title: string, lines: string[], none: string) => [
        title,
        ...(lines.length > 0 ? lines : [none]).map((line) => `  ${plain(line)}`),
    ];
    context.out(
        [
            `From version ${a.number} (${a.start}) to ${b.number} (${b.start}) of stack ${stack.short}`,
            ...part("Effects", effects, "no difference"),
            ...part("Program", programLines(a, b, commits), "the same commit"),
        ].join("\n"),
    );
}

function programLines(a: Version, b: Version, commits: string[] | undefined): string[] {
    const changes = [a, b]
        .filter(({ dirty }) => dirty)
        .map(({ number }) => `version ${number} ran with uncommitted changes`);
    if (a.commit === undefined || b.commit === undefined)
        return ["one of the versions ran outside of git, so its commit is unknown", ...changes];
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
