/**
 * Versions of a stack, from `pulumi stack history --json` (pkg/cmd/pulumi/stack/stack_history.go at 3.274.1), for any
 * backend. The file backend has no version numbers, so the number is the position in the history, from 1.
 */
import type { Context } from "../../context";
import { Failure } from "../../errors";
import { ask } from "../pulumi";
import { HIDDEN, isMap } from "../../../policy/resources/values";
import { PROJECT } from "../stack-file";
import { isCommittable } from "./commits";
import type { Stack } from "../stack";

/** Config by key without the project, structured; `[secret]` for a value that is or contains a secret. */
export type Config = Record<string, unknown>;

export interface Version {
    number: number;
    /** `update`, `refresh`, `destroy` and others. */
    kind: string;
    /** `succeeded`, `failed`, `in-progress`. */
    result: string;
    /** ISO 8601. */
    start: string;
    message: string;
    /** Full id of the program's commit. Unset if it ran outside of a git work tree. */
    commit?: string;
    /** Whether the work tree had uncommitted changes. */
    dirty: boolean;
    /**
     * Author of the commit, and the pipeline that ran Pulumi. Pulumi itself does not record the user. If the edit is
     * not in the commit, another person may have made the edit, so only the pipeline is named. Unset if neither is known.
     */
    who?: string;
    config: Config;
    /** Number of resources by operation, without unchanged ones. */
    changes: Record<string, number>;
}

interface Update {
    version?: number;
    kind?: string;
    startTime?: string;
    message?: string;
    result?: string;
    environment?: Record<string, string>;
    config?: Record<string, { value?: string; objectValue?: unknown; secret?: boolean }>;
    resourceChanges?: Record<string, number>;
}

/** Versions, oldest first. */
export async function readVersions({ pulumi }: Context, stack: Stack): Promise<Version[]> {
    // Page size 0 returns all versions; the default returns only the last ten.
    const args = ["stack", "history", "--json", "--page-size", "0", "--stack", stack.name];
    const text = await ask(pulumi, args);
    let updates: unknown;
    try {
        updates = JSON.parse(text);
    } catch {
        updates = undefined;
    }
    // null means that the stack was never updated.
    if (updates === null) return [];
    if (!Array.isArray(updates) || !updates.every(isMap))
        throw new Failure("pulumi stack history: printed no list of updates. Use the pinned version of Pulumi.");
    const inGit = await isCommittable(stack.file);
    return (updates as Update[]).reverse().map((update, i) => versionOf(update, i + 1, inGit));
}

/** @param inGit whether git has the stack file, or would add it */
function versionOf(update: Update, place: number, inGit: boolean): Version {
    const { environment = {}, config = {}, resourceChanges = {} } = update;
    const { same: _, ...changes } = resourceChanges;
    const dirty = environment["git.dirty"] === "true";
    return {
        number: update.version || place,
        kind: update.kind ?? "",
        result: update.result ?? "",
        start: update.startTime ?? "",
        message: update.message ?? "",
        ...(environment["git.head"] ? { commit: environment["git.head"] } : {}),
        dirty,
        ...whoOf(environment, inGit && !dirty),
        config: Object.fromEntries(
            Object.entries(config).map(([key, { value, objectValue, secret }]) => [
                key.replace(`${PROJECT}:`, ""),
                secret ? HIDDEN : (objectValue ?? structured(value)),
            ]),
        ),
        changes,
    };
}

/** Parses a list or mapping that is stored as JSON text, as `pulumi config set` does without `--path`. */
function structured(value: string | undefined): unknown {
    if (!/^\s*[[{]/.test(value ?? "")) return value;
    try {
        return JSON.parse(value!);
    } catch {
        return value;
    }
}

/** Note on a table in which `who` is missing for a version. */
export const WHO_NOTE =
    'who is "not recorded" where pulumi up ran outside of CI with edits that no commit contains. To record names, commit before you run pulumi up.';

/** @param isCommitted whether the commit has the config and the program of the version */
function whoOf(environment: Record<string, string>, isCommitted: boolean): Pick<Version, "who"> {
    const author = isCommitted ? (environment["git.author"] ?? environment["git.committer"]) : undefined;
    const pipeline =
        environment["ci.system"] &&
        [environment["ci.system"], environment["ci.build.number"] ?? environment["ci.build.id"]]
            .filter(Boolean)
            .join(" ");
    const who = [author, pipeline].filter(Boolean).join(", by ");
    return who === "" ? {} : { who };
}

/** The last version before `version` whose config was applied; undefined if there is none. */
export function before(versions: Version[], version: Pick<Version, "number">): Version | undefined {
    return versions.filter((other) => other.number < version.number && isDone(other)).at(-1);
}

export function isDone({ kind, result }: Version): boolean {
    return kind === "update" && result === "succeeded";
}

/** The error message for a number without a version. */
export function unknownVersion(number: number, versions: Version[], stack: string): string {
    const numbers = versions.filter(isDone).map((version) => version.number);
    const known = numbers.length > 0 ? `${numbers.slice(-10).join(", ")}` : "none";
    return `version: must be in the history of ${stack} (got ${number}; latest successful updates: ${known}). See: npm run ops -- stack history`;
}
