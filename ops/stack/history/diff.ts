/** `stack diff A B`: the effects of the differences between two versions' configs, and the commits of the program. */
import { dirname } from "node:path";
import { wholeNumber, withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { UsageError } from "../../errors";
import { json } from "../../output";
import { plain } from "../review/report";
import { findStack } from "../stack";
import { configAt } from "./config-at";
import { commitsBetween } from "./commits";
import { consequences } from "./consequences";
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
    const [a, b] = [from, to].map((number) => {
        const version = versions.find((one) => one.number === number);
        if (version === undefined) throw new UsageError([unknownVersion(number, versions, stack.short)]);
        return version;
    });
    const [old, now] = await Promise.all([a, b].map((one) => configAt(one, context.program)));
    const sides = [
        { config: old, start: a.start },
        { config: now, start: b.start },
    ] as const;
    const effects = consequences(...sides, dirname(stack.file));
    const commits = a.commit && b.commit ? await commitsBetween(a.commit, b.commit, context.program) : undefined;
    if (args.json) return context.out(json({ from, to, effects, commits: commits ?? null }));
    const part = (title: string, lines: string[], none: string) => [
        title,
        ...(lines.length > 0 ? lines : [none]).map((line) => `  ${plain(line)}`),
    ];
    context.out(
        [
            `From version ${from} (${a.start}) to ${to} (${b.start}) of stack ${stack.short}`,
            ...part("Effects", effects, "no difference"),
            ...part("Program", programLines([a, b], commits), "the same commit"),
        ].join("\n"),
    );
}

function programLines(sides: Version[], commits: string[] | undefined): string[] {
    const known = sides.map(({ commit }) => commit?.slice(0, 10) ?? "outside of git").join(" -> ");
    return [
        ...(commits ?? [`${known}: not in this clone. Run: git fetch`]),
        ...sides.flatMap(({ dirty, number }) => (dirty ? [`version ${number} ran with uncommitted changes`] : [])),
    ];
}
