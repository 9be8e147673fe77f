/**
 * Versions of a stack, from `pulumi stack history --json` (pkg/cmd/pulumi/stack/stack_history.go at 3.274.1), for any
 * backend. The file backend has no version numbers, so the number is the position in the history, from 1.
 */
import type { Context } from "../../context";
import { UsageError } from "../../errors";
import { ask } from "../pulumi";
import { HIDDEN } from "../../../policy/resources/values";
import { PROJECT } from "../../../config/stack-file";
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
    /** Author of the commit, if it has the edit, and the pipeline. Pulumi itself does not record the user. */
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
    // Page size 0 returns all versions; the default returns only the last ten. A stack that was never updated has null.
    const args = ["stack", "history", "--json", "--page-size", "0", "--stack", stack.name];
    const updates = (JSON.parse(await ask(pulumi, args)) ?? []) as Update[];
    const inGit = await isCommittable(stack.file);
    return updates.reverse().map((update, i) => versionOf(update, i + 1, inGit));
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
                secret ? HIDDEN : (objectValue ?? value),
            ]),
        ),
        changes,
    };
}

/** @param isCommitted whether the commit has the config and the program of the version */
function whoOf(environment: Record<string, string>, isCommitted: boolean): Pick<Version, "who"> {
    const author = isCommitted ? (environment["git.author"] ?? environment["git.committer"]) : undefined;
    const build = environment["ci.build.number"] ?? environment["ci.build.id"];
    const pipeline = environment["ci.system"] && [environment["ci.system"], build].filter(Boolean).join(" ");
    const who = [author, pipeline].filter(Boolean).join(", by ");
    return who === "" ? {} : { who };
}

export const isDone = ({ kind, result }: Version) => kind === "update" && result === "succeeded";

/** @throws UsageError for a number without a version */
export function versionAt(number: number, versions: Version[], stack: string): Version {
    const found = versions.find((version) => version.number === number);
    if (found) return found;
    const known = versions.filter(isDone).map((version) => version.number);
    throw new UsageError([
        `version: must be in the history of ${stack} (got ${number}; latest successful updates: ${known.slice(-10).join(", ") || "none"}). See: npm run ops -- stack history`,
    ]);
}
