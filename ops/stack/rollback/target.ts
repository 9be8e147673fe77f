/** Whether a version can be gone back to, and with which config. */
import { join, relative } from "node:path";
import { existsSync } from "node:fs";
import { stringify } from "yaml";
import { UsageError } from "../../errors";
import { parseYaml } from "../keep-style";
import { git, hasCommit } from "../history/commits";
import { unknownVersion } from "../history/history";
import { isDone, type Version } from "../history/versions";
import { isMap, SECRET } from "../review/differences";
import { PROJECT } from "../stack-file";
import type { Stack } from "../stack";

export interface Target {
    version: Version;
    commit: string;
    /** Text of the stack file of then. Secrets are as encrypted as in the files it is made of. */
    config: string;
}

/** Looks for the version, its commit and its config. @param root of the clone @throws UsageError with all that stands against it */
export async function findTarget(root: string, stack: Stack, versions: Version[], number: number): Promise<Target> {
    const version = versions.find((one) => one.number === number);
    if (version === undefined) throw new UsageError([unknownVersion(number, versions, stack.short)]);
    const problems = [...notToGoBackTo(version), ...(await commitProblems(root, version))];
    if (problems.length > 0) throw new UsageError(problems);
    const { commit } = version as { commit: string };
    const { text, problems: missing } = configOf(version, stack, await fileAt(root, commit, stack));
    if (missing.length > 0) throw new UsageError(missing);
    return { version, commit, config: text };
}

function notToGoBackTo(version: Version): string[] {
    const { number, kind, result, dirty, commit } = version;
    const where = `--to: version ${number}`;
    return [
        ...(isDone(version)
            ? []
            : [
                  `${where} must be an update that succeeded (it is: ${kind}, ${result}). Choose another: npm run ops -- stack history`,
              ]),
        ...(commit === undefined
            ? [
                  `${where} must have a commit (its program ran outside of git). Go back by hand: git switch, pulumi config, pulumi up`,
              ]
            : []),
        ...(dirty
            ? [
                  `${where} must be of a clean work tree (it ran with changes that are in no commit, so nobody knows its program). Choose another`,
              ]
            : []),
    ];
}

async function commitProblems(root: string, { number, commit }: Version): Promise<string[]> {
    if (commit === undefined || (await hasCommit(commit, root))) return [];
    return [
        `--to: the commit of version ${number} must be in this clone (${commit.slice(0, 10)} is gone). Run: git fetch origin ${commit}; a history that was written anew no longer has it`,
    ];
}

/** The stack file as it was in that commit. Undefined: it was in no commit, or is kept elsewhere. */
async function fileAt(root: string, commit: string, { file }: Stack): Promise<string | undefined> {
    const name = relative(root, file);
    if (name.startsWith("..")) return undefined;
    return git(["show", `${commit}:${name}`], root).catch(() => undefined);
}

/** Values of the history; for secrets, which it does not show, the ciphertext of then, or that of now. */
function configOf(version: Version, stack: Stack, then: string | undefined): { text: string; problems: string[] } {
    const now = contentOf(stack.text);
    // What was encrypted for another passphrase or key cannot be read any more.
    const old = then === undefined ? undefined : contentOf(then);
    const usable = old && sealOf(old) === sealOf(now) ? old : undefined;
    const problems: string[] = [];
    const config: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(version.config)) {
        const name = key.includes(":") ? key : `${PROJECT}:${key}`;
        config[name] = value === SECRET ? (secretAt(usable, key) ?? secretAt(now, key)) : value;
        if (config[name] === undefined)
            problems.push(
                `${key}: must be known (it was secret in version ${version.number}, and is in no stack file here). Set it: pulumi config set --secret ${key}`,
            );
    }
    // The list of callers with a key in it is secret as a whole: of now's list nobody knows whether it is then's.
    if (version.config.consumers === SECRET && secretAt(usable, "consumers") === undefined)
        problems.push(
            `consumers: must be known (a key in it was secret, and the stack file of version ${version.number} is in no commit). Go back by hand`,
        );
    const { config: _, ...rest } = now;
    return { text: stringify({ ...rest, config }), problems };
}

type Content = Record<string, unknown> & { config?: Record<string, unknown> };

export function contentOf(text: string): Content {
    const value = parseYaml(text).toJS() as unknown;
    return isMap(value) ? (value as Content) : {};
}

/** What secrets of a stack file are encrypted with. */
function sealOf({ secretsprovider, encryptedkey, encryptionsalt }: Content): string {
    return JSON.stringify([secretsprovider, encryptedkey, encryptionsalt]);
}

function secretAt(content: Content | undefined, key: string): unknown {
    return content?.config?.[`${PROJECT}:${key}`] ?? content?.config?.[key];
}

/** Changes of the clone that are in no commit: what runs now could not be come back to. */
export async function uncommitted(root: string): Promise<string[]> {
    const status = await git(["status", "--porcelain", "--untracked-files=no"], root);
    const files = status.split("\n").filter((line) => line !== "");
    if (files.length === 0) return [];
    return [
        `work tree: must have no uncommitted changes (git says: ${files
            .slice(0, 3)
            .map((line) => line.trim())
            .join(
                ", ",
            )}${files.length > 3 ? ` and ${files.length - 3} more` : ""}), or there is no way forward again. Commit them or take them back.`,
    ];
}

/** Where the packages of the clone are, if they are those of a lock file. */
export async function samePackages(root: string, commit: string): Promise<string | undefined> {
    const modules = join(root, "node_modules");
    if (!existsSync(join(modules, ".package-lock.json"))) return undefined;
    const changed = await git(["diff", "--name-only", commit, "--", "package-lock.json"], root);
    return changed.trim() === "" ? modules : undefined;
}
