/** `stack diff A B`: the effects of the differences between two versions' configs, and the commits of the program. */
import { dirname } from "node:path";
import { wholeNumber, withExamples, withJson, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { HIDDEN, mapsOf } from "../../../policy/resources/values";
import { json } from "../../output";
import { plain } from "../review/report";
import { exported } from "../review/review";
import { findStack } from "../stack";
import { appliedBy } from "./config-at";
import { consequences } from "./consequences";
import { createdAfter } from "./generated";
import { readVersions, versionAt, type Config } from "./versions";

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
    const [a, b] = [from, to].map((number) => versionAt(number, versions, stack.short));
    const [old, now] = await Promise.all([a, b].map((one) => appliedBy(one, context.program)));
    const earlier = from < to ? old : now;
    const another = createdAfter(await exported(context, stack), versions, Math.min(from, to));
    const lost = [...another].filter(([who]) => isIn(earlier.config, who)).map(([, says]) => says);
    const effects = [...consequences(old, now, dirname(stack.file)), ...lost];
    if (args.json) return context.out(json({ from, to, effects, commits: [a.commit ?? null, b.commit ?? null] }));
    const [then, since] = [a, b].map(({ commit }) => commit?.slice(0, 10));
    const isKnown = then !== undefined && since !== undefined;
    const program = then === since ? "the same commit" : `git log --oneline --left-right ${then}...${since}`;
    const dirty = [a, b]
        .filter((one) => one.dirty)
        .map(({ number }) => `version ${number} ran with uncommitted changes`);
    const part = (title: string, lines: string[]) => [title, ...lines.map((line) => `  ${plain(line)}`)];
    context.out(
        [
            `From version ${from} (${a.start}) to ${to} (${b.start}) of stack ${stack.short}`,
            ...part("Effects", effects.length > 0 ? effects : ["no difference"]),
            ...part("Program", [isKnown ? program : "unknown: a version ran outside of git", ...dirty]),
        ].join("\n"),
    );
}

/** Whether a config lists this `<consumer>/<credential>`; also true if the list has a secret, and so is unknown. */
function isIn({ consumers }: Config, who: string): boolean {
    if (consumers === HIDDEN) return true;
    return mapsOf(consumers).some(({ name, credentials }) =>
        mapsOf(credentials).some(({ id }) => `${String(name)}/${String(id)}` === who),
    );
}
