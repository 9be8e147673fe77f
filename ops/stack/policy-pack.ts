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
 * Whether the policy pack in this folder has all rules that compare resources with the program's output. The pack of an
 * earlier commit may lack some of these rules.
 */
function comparesItself(program: string): boolean {
    const folder = join(program, "policy");
    if (!existsSync(folder)) return false;
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const text = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
    return OF_PROGRAM.every((name) => text.includes(`name: "${name}"`));
}

/**
 * Rules with which this clone reviews a program. For the program of another commit, the rules that compare resources with the
 * program's output are left out if that commit's own policy pack has all of these rules.
 * @param program root folder: this clone, or a checkout of another commit
 */
export function rulesFor(program: string, root: string): readonly Rule[] {
    return isOther(program, root) ? RULES.filter(({ comparesWithProgram }) => !comparesWithProgram) : RULES;
}

/** Whether the program belongs to another commit, and that commit's policy pack passes {@link comparesItself}. */
const isOther = (program: string, root: string) => program !== root && comparesItself(program);

/**
 * Arguments with which Pulumi runs two policy packs for the program of another commit. That commit's pack runs the rules
 * that compare resources with the program's output. This clone's pack runs all other rules.
 */
function packsOf(root: string, program: string): string[] {
    // Pulumi requires a config for each pack.
    const config = (whose: string) => `--policy-pack-config=${join(root, "policy/another-commit", `${whose}.json`)}`;
    return [...packOf(root), config("this-clone"), ...packOf(program), config("its-own")];
}

/**
 * Wraps Pulumi so that every `pulumi up`, except of a single revocation, runs under the policy pack of this clone. For the program of another commit
 * (`--cwd`), the rules that compare resources with the program's output come from that commit's pack, also in a preview.
 * @param because why Pulumi must run without the pack. Each run prints this reason
 */
export function underPolicy(
    pulumi: PulumiRunner,
    root: string,
    because: string | undefined,
    note: (line: string) => void,
): PulumiRunner {
    return (args, options) => {
        // Checks the reason here, because the first call of Pulumi comes before any edit of a stack file.
        if (because && because.trim().length < LEAST_REASON)
            throw new UsageError([
                `${WITHOUT_PACK}: must give a reason of at least ${LEAST_REASON} characters. Unset it to run under the policy pack.`,
            ]);
        const program = args.includes("--cwd") ? args[args.indexOf("--cwd") + 1] : root;
        // A review runs the rules of this clone itself. It cannot load the rules of another commit, so Pulumi runs the
        // policy pack of that commit.
        if (args[0] === "preview" && !because && isOther(program, root))
            return pulumi([...args, ...packOf(program)], options);
        // With --target, Pulumi gives the pack resources without properties, if the run does not create them.
        if (args[0] !== "up" || args.includes("--target")) return pulumi(args, options);
        const packs = isOther(program, root) ? packsOf(root, program) : packOf(root);
        if (!because) return pulumi([...args, ...packs], options);
        note(`warning: pulumi up runs without the policy pack (${WITHOUT_PACK}: ${because.trim()})`);
        return pulumi(args, options);
    };
}

/** Returns what the policy pack reports in Pulumi's text output, under `Policies:`; undefined without this heading. */
export function packWords(printed: string): string | undefined {
    // eslint-disable-next-line no-control-regex -- colours
    const lines = printed.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
    const from = lines.indexOf("Policies:");
    if (from < 0) return undefined;
    const length = lines.slice(from + 1).findIndex((line) => line.trim() === "");
    const findings = lines.slice(from + 1, length < 0 ? undefined : from + 1 + length);
    return `The policy pack rejects the change:\n${findings.join("\n")}`;
}
