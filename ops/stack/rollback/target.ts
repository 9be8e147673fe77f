/** Finds out whether a version can be rolled back to, and with which config. */
import { readFileSync, realpathSync } from "node:fs";
import { relative } from "node:path";
import { BEFORE, PHASES, TARGET } from "../../../components/opt/conversion-phases";
import { ROOT, type Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import { git, hasCommit, uncommittedFiles } from "../history/commits";
import { callersFileAt } from "../history/callers-at";
import { unknownVersion } from "../history/versions";
import { isDone, readVersions, type Config, type Version } from "../history/versions";
import { HIDDEN, isMap } from "../../../policy/resources/values";
import { readOutputs, type Stack } from "../stack";
import { earlierConfig, readPlain } from "./earlier-config";
import { rawCallers } from "./revoked";
import { keepRotatedIn } from "./rotated";

export interface Target {
    version: Version;
    /** All versions of the stack. */
    versions: Version[];
    commit: string;
    /** Text of the stack file of the version. Its secrets are encrypted, as in their original files. */
    config: string;
    /** The callers file of the version, in the folder of the program. Unset if the config has none. */
    callers?: { name: string; text: string };
    /** Config keys for which the rollback takes the secret from the current stack file. */
    ofToday: string[];
    /** Service tokens that keep their current secret. */
    kept: string[];
}

export interface TargetArgs {
    to: number;
    /** Stack file of the version, if it is in no commit. */
    configFile?: string;
}

/**
 * Finds the version, its commit and its config.
 * @param scratch folder for temporary files
 * @throws UsageError with all problems that prevent the rollback
 */
export async function findTarget(
    context: Context,
    stack: Stack,
    { to, configFile }: TargetArgs,
    scratch: string,
): Promise<Target> {
    const root = context.program ?? ROOT;
    const versions = await readVersions(context, stack);
    const version = versions.find((one) => one.number === to);
    if (version === undefined) throw new UsageError([unknownVersion(to, versions, stack.short)]);
    const problems = [...notToGoBackTo(version), ...(await commitProblems(root, version))];
    if (problems.length > 0) throw new UsageError(problems);
    const { commit } = version as { commit: string };
    const then = configFile === undefined ? await fileAt(root, commit, stack) : given(configFile);
    const plain = await readPlain(context, stack, version, scratch);
    const converted = stageProblems((await readOutputs(context, stack)).conversion?.phase, placeOf(version, plain), to);
    if (converted.length > 0) throw new UsageError(converted);
    const now = rawCallers(stack.text, stack.callers?.text);
    const {
        text,
        ofToday,
        kept,
        problems: missing,
    } = earlierConfig(version, {
        then,
        now: stack.text,
        callers: now,
        plain,
    });
    const file = await callersThen(version, root);
    if (missing.length > 0) throw new UsageError(missing);
    if (file === undefined) return { version, versions, commit, config: text, ofToday, kept };
    const rotated = keepRotatedIn(file.text, now);
    const callers = { name: file.name, text: rotated.text };
    return { version, versions, commit, config: text, callers, ofToday, kept: [...kept, ...rotated.kept] };
}

/** @throws UsageError if the callers of the version are unknown */
async function callersThen(version: Version, root: string): Promise<Target["callers"]> {
    try {
        return await callersFileAt(version, root);
    } catch (error) {
        if (!(error instanceof Failure)) throw error;
        throw new UsageError([`--to: ${error.message}. Choose another version`]);
    }
}

function notToGoBackTo(version: Version): string[] {
    const { number, kind, result, dirty, commit } = version;
    const where = `--to: version ${number}`;
    return [
        ...(isDone(version)
            ? []
            : [
                  `${where} must be an update that succeeded (it is: ${kind}, ${result}). Choose another version: npm run ops -- stack history`,
              ]),
        ...(commit === undefined
            ? [
                  `${where} has no commit (its program ran outside of git). Roll back by hand: git switch, pulumi config, pulumi up`,
              ]
            : []),
        ...(dirty
            ? [
                  `${where} ran with uncommitted changes or untracked files, so its program is unknown. Choose another version`,
              ]
            : []),
    ];
}

async function commitProblems(root: string, { number, commit }: Version): Promise<string[]> {
    if (commit === undefined || (await hasCommit(commit, root))) return [];
    return [
        `--to: the commit of version ${number} is not in this clone (${commit.slice(0, 10)}). Run: git fetch origin ${commit}. If the fetch fails because the history was rewritten, choose another version`,
    ];
}

/** Where Alpa runs in a version: the phase of the conversion with option intra-b, else `intra-a`. @returns undefined if unknown */
function placeOf({ config }: Version, plain: Config | undefined): string | undefined {
    if (config.option !== TARGET) return BEFORE;
    const convert = config.convert === HIDDEN ? plain?.convert : (config.convert ?? {});
    if (!isMap(convert)) return undefined;
    return typeof convert.phase === "string" ? convert.phase : PHASES[0];
}

/**
 * Rejects a version with another phase of a conversion. A conversion moves between bare metal and the component in
 * verified steps, with the callers' route closed, so the config of another phase cannot be applied at once.
 * @param here phase that the stack has reached @param there phase of the version
 */
function stageProblems(here: string = BEFORE, there: string | undefined, number: number): string[] {
    // Without the phase the config is unknown too, which another check rejects.
    if (there === undefined || here === there) return [];
    const say = (place: string) => (place === BEFORE ? place : `${TARGET}, phase ${place}`);
    const way =
        there === BEFORE
            ? "npm run ops -- convert run --yes --to intra-a. Then run the rollback again"
            : "npm run ops -- convert run --yes. Then roll back to a version after the conversion";
    return [
        `--to: version ${number} must have the conversion phase of the stack (version: ${say(there)}, stack: ${say(here)}). Only a conversion can change the phase; callers get 503 meanwhile. Run: ${way}`,
    ];
}

/** The stack file in a commit; undefined if it was not committed, or is outside of the work tree. */
async function fileAt(root: string, commit: string, { file }: Stack): Promise<string | undefined> {
    const name = relative(realpathSync(root), realpathSync(file));
    if (name.startsWith("..")) return undefined;
    return git(["show", `${commit}:${name}`], root).catch(() => undefined);
}

function given(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        throw new UsageError([
            `--config-file: must name a file that can be read (${(error as NodeJS.ErrnoException).code}).`,
        ]);
    }
}

/** Rejects uncommitted changes of the clone: after the rollback no commit would have them. */
export async function uncommitted(root: string): Promise<string[]> {
    const files = await uncommittedFiles(root);
    if (files.length === 0) return [];
    return [
        `work tree: has uncommitted changes (git status: ${files
            .slice(0, 3)
            .join(
                ", ",
            )}${files.length > 3 ? ` and ${files.length - 3} more` : ""}): after the rollback you could not restore this program. Commit or revert the changes.`,
    ];
}
