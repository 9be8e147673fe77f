import { realpathSync } from "node:fs";
import { dirname, relative } from "node:path";
import { isInside } from "../../../config/values";
import { ROOT } from "../../context";
import { errorMessage, Failure } from "../../errors";
import { HIDDEN, isMap } from "../../../policy/resources/values";
import { hasRepository } from "../../stack/edit-obstacles";
import { git, isCommittable } from "../../stack/history/commits";
import { callerLines, Unread } from "../../stack/history/consequences";
import type { Config } from "../../stack/history/versions";
import { PROJECT } from "../../stack/stack-file";
import { parseYaml } from "../../stack/yaml-edit";
import { only, type Entry, type Subject } from "./entry";

interface Commit {
    id: string;
    /** Committer date: an author's date can be older than the period of the log, for example after a rebase. */
    at: string;
    who: string;
    /** Ids of the parents; empty for the first commit. */
    parents: string[];
}

/** Commits that changed the list of callers, in the stack file or in the callers file; empty if these are not in git. */
export async function readCommits({ context, stack, consumer }: Subject): Promise<Entry[]> {
    const own = realpathSync(stack.file);
    const folder = dirname(own);
    const top = await topOf(folder);
    if (top === undefined || !(await isCommittable(own)))
        context.note(`${stack.file} is not in git, so its edits are not in this list.`);
    if (top === undefined) return [];
    if ((await git(["rev-parse", "--is-shallow-repository"], folder)).trim() === "true")
        context.note("This clone has only the newest commits: older edits are missing. Run: git fetch --unshallow");
    const program = context.program ?? ROOT;
    const callers = stack.callers && realpathSync(stack.callers.file);
    if (callers !== undefined && !(isBelow(top, callers) && (await isCommittable(callers))))
        context.note(`${stack.callers!.name} is not in the stack file's git, so its edits are not in this list.`);
    const files = [own, callers].filter((file) => file !== undefined).filter((file) => isBelow(top, file));
    const configAt = (revision: string) => configIn(top, revision, relative(top, own), program);
    const entries: Entry[] = [];
    // In sequence, since a thousand concurrent git processes would exhaust the machine.
    for (const { id, at, who, parents } of await commitsOf(top, files)) {
        const now = await configAt(id);
        const sides: string[][] = [];
        for (const parent of parents) sides.push(linesBetween(consumer, await configAt(parent), now));
        const changes = parents.length === 0 ? linesBetween(consumer, { config: {} }, now) : inEach(sides);
        if (changes.length > 0) entries.push({ at, who, source: "commit", reference: id, changes });
    }
    return entries;
}

/** The callers in a revision. */
interface Revision {
    /** Without the callers of a callers file that the revision lacks. */
    config: Config;
    /** Name of the callers file, if the stack file names one and the revision lacks it. */
    missing?: string;
}

/** One sentence for each caller and credential that differs. */
function linesBetween(consumer: string | undefined, old: Revision, now: Revision): string[] {
    if (old.missing === now.missing) return callerLines(only(consumer, old.config), only(consumer, now.config));
    // Callers that moved to a file outside of git would look removed.
    const [name, where] = now.missing === undefined ? [old.missing, "the commit before"] : [now.missing, "the commit"];
    const why = `callers file ${name} is not in ${where}`;
    return callerLines({}, { consumers: new Unread(why) });
}

/**
 * Returns the changes that a commit has compared with each of its parents. Any other change of a merge commit is from a
 * parent, and the log lists it there.
 */
function inEach([first, ...others]: string[][]): string[] {
    return first.filter((line) => others.every((lines) => lines.includes(line)));
}

/**
 * Root of the git work tree of a folder. Undefined if the folder is in no work tree, or git is not installed.
 * @throws Failure if git cannot read its repository, for example one of another user
 */
export async function topOf(folder: string): Promise<string | undefined> {
    return git(["rev-parse", "--show-toplevel"], folder).then(
        (text) => text.trim(),
        (error: unknown) => {
            if (!hasRepository(folder) || /\bENOENT\b/.test(errorMessage(error))) return undefined;
            throw error;
        },
    );
}

/** Commits that changed one of the files. */
export async function commitsOf(top: string, files: string[], filter: string[] = []): Promise<Commit[]> {
    // The operator's git config may have log.showSignature, which adds lines to the output.
    const format = ["--format=%H%x00%cI%x00%aN%x00%P", "--no-show-signature"];
    const text = await git(["log", ...format, ...filter, "HEAD", "--", ...files], top).catch((error: unknown) => {
        // A new repository has no commit, which git reports as a failure.
        if (/bad revision 'HEAD'/.test(errorMessage(error))) return "";
        throw error;
    });
    return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => {
            const [id, at, who, parents] = line.split("\0");
            return { id, at, who, parents: parents.split(" ").filter((one) => one !== "") };
        });
}

/** Text of a file in a revision; undefined if the revision does not have the file. */
export async function textAt(top: string, revision: string, path: string): Promise<string | undefined> {
    return git(["show", `${revision}:${path}`], top).catch((error: unknown) => {
        if (error instanceof Failure) return undefined;
        throw error;
    });
}

/** Callers in a revision: those of the stack file and those of its callers file. */
async function configIn(top: string, revision: string, path: string, program: string): Promise<Revision> {
    const text = await textAt(top, revision, path);
    if (text === undefined) return { config: {} };
    const config = mapping(text, "config");
    if (config instanceof Unread) return { config: { consumers: config } };
    const own = Object.fromEntries(
        Object.entries(config).map(([key, value]) => [key.replace(`${PROJECT}:`, ""), value]),
    );
    const { consumers, limits, consumersFile } = own;
    if (typeof consumersFile !== "string" || !isInside(consumersFile)) return { config: { consumers, limits } };
    const file = relative(top, `${program}/${consumersFile}`);
    const callersText = file.startsWith("..") ? undefined : await textAt(top, revision, file);
    if (callersText === undefined) return { config: { consumers, limits }, missing: consumersFile };
    const more = callersIn(callersText);
    const all =
        more instanceof Unread || !Array.isArray(consumers) ? (more ?? consumers) : [...consumers, ...(more ?? [])];
    return { config: { consumers: all, limits } };
}

function callersIn(text: string): unknown[] | Unread | undefined {
    const content = mapping(text, undefined);
    if (content instanceof Unread) return content;
    return Array.isArray(content.consumers) ? (content.consumers as unknown[]) : undefined;
}

/** Parses a file, or the part of it below a key, and replaces every encrypted value. */
function mapping(text: string, key: string | undefined): Record<string, unknown> | Unread {
    try {
        const whole = withoutCiphertext(parseYaml(text).toJS());
        const part = key === undefined || !isMap(whole) ? whole : whole[key];
        return isMap(part) ? part : {};
    } catch {
        return new Unread("a commit has a file that is not valid YAML");
    }
}

/** Replaces encrypted values: two ciphertexts of the same secret differ, so they cannot be compared. */
function withoutCiphertext(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutCiphertext);
    if (!isMap(value)) return value;
    if (typeof value.secure === "string") return HIDDEN;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutCiphertext(one)]));
}

function isBelow(top: string, file: string): boolean {
    return !relative(top, file).startsWith("..");
}
