/** The policy pack of the clone: every `pulumi up` of the operators' commands runs under it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RULES, type Rule } from "../../policy/rules";
import { UsageError } from "../errors";
import type { PulumiRunner } from "./pulumi";

/** Environment variable with the reason for a run without the pack. */
export const WITHOUT_PACK = "ALPA_AUTH_NO_POLICY_BECAUSE";
const LEAST_REASON = 10;

/** Arguments with which Pulumi runs the policy pack. @param root root of the clone */
export function packOf(root: string): string[] {
    return [`--policy-pack=${join(root, "policy")}`];
}

/** Names of the rules that compare resources with what a commit's program renders. */
const OF_PROGRAM = RULES.filter(({ comparesWithProgram }) => comparesWithProgram).map(({ name }) => name);

/**
 * Whether the policy pack of a program has the rules that compare resources with what that program renders. Packs of earlier
 * programs may lack them.
 */
function comparesItself(program: string): boolean {
    const folder = join(program, "policy");
    if (!existsSync(folder)) return false;
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const text = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
    return OF_PROGRAM.every((name) => text.includes(`name: "${name}"`));
}

/**
 * Rules with which this clone reviews a program. Rules that compare resources with what a program renders are left out if the
 * program is of another commit whose own pack has them.
 * @param program root folder: this clone, or a checkout of another commit
 */
export function rulesFor(program: string, root: string): readonly Rule[] {
    return isOther(program, root) ? RULES.filter(({ comparesWithProgram }) => !comparesWithProgram) : RULES;
}

/** Whether a program is of another commit, whose own policy pack has the rules that compare resources with the program. */
const isOther = (program: string, root: string) => program !== root && comparesItself(program);

/**
 * Arguments for the program of another commit. That commit's policy pack runs the rules that compare resources with what the
 * program renders; the current pack runs all others.
 */
function packsOf(root: string, program: string): string[] {
    // Pulumi requires a config for each pack.
    const config = (whose: string) => `--policy-pack-config=${join(root, "policy/another-commit", `${whose}.json`)}`;
    return [...packOf(root), config("this-clone"), ...packOf(program), config("its-own")];
}

/**
 * Wraps Pulumi so that every `up` runs under the policy pack of this clone, also an `up` of another commit's program
 * (`--cwd`). The rules that compare what such a program renders come from its own pack instead, in previews too.
 * @param because reason for running without the pack, which is printed at each run
 */
export function underPolicy(
    pulumi: PulumiRunner,
    root: string,
    because: string | undefined,
    note: (line: string) => void,
): PulumiRunner {
    return (args, options) => {
        // The reason is checked at the first call, before any stack file is written.
        if (because && because.trim().length < LEAST_REASON)
            throw new UsageError([
                `${WITHOUT_PACK}: must give a reason of at least ${LEAST_REASON} characters. Unset it to run under the policy pack.`,
            ]);
        const program = args.includes("--cwd") ? args[args.indexOf("--cwd") + 1] : root;
        // A review evaluates this clone's rules itself. It cannot load the rules of another commit, so Pulumi runs those.
        if (args[0] === "preview" && !because && isOther(program, root))
            return pulumi([...args, ...packOf(program)], options);
        if (args[0] !== "up") return pulumi(args, options);
        const packs = isOther(program, root) ? packsOf(root, program) : packOf(root);
        if (!because) return pulumi([...args, ...packs], options);
        note(`warning: pulumi up runs without the policy pack (${WITHOUT_PACK}: ${because.trim()})`);
        return pulumi(args, options);
    };
}

/** The pack's part of Pulumi's text output: from its heading to the next one. Undefined if there is none. */
export function packWords(printed: string): string | undefined {
    // eslint-disable-next-line no-control-regex -- colours
    const lines = printed.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
    const from = lines.indexOf("Policies:");
    if (from < 0) return undefined;
    const length = lines.slice(from + 1).findIndex((line) => line.trim() === "");
    const findings = lines.slice(from + 1, length < 0 ? undefined : from + 1 + length);
    return `The policy pack rejects the change:\n${findings.join("\n")}`;
}
