import type { Context } from "../../context";
import type { Stack } from "../../stack/stack";
import type { Config } from "../../stack/history/versions";

/** One action of an admin on callers. It contains no secret. */
export interface Entry {
    /** ISO 8601: the committer date of a commit, the start of the `pulumi up` of a version, or the time of a handout. */
    at: string;
    /**
     * The author of a commit, or the operator of a handout. For a version: the author of the applied commit, and the
     * pipeline. Null for an uncommitted edit, because neither git nor Pulumi records who applied it.
     */
    who: string | null;
    /**
     * `commit`: the list of callers was edited, which changes nothing at the gateway. `version`: Pulumi applied the list.
     * `handout`: an operator handed out a credential.
     */
    source: "commit" | "version" | "handout";
    /** Full id of the commit, or number of the version; null for a handout whose record is not committed. */
    reference: string | null;
    /** One sentence each. */
    changes: string[];
}

/** Stack and caller whose log is read. */
export interface Subject {
    context: Context;
    stack: Stack;
    /** Name of a caller. Default: all callers. */
    consumer?: string;
}

/** Removes all callers except one from the config. Returns the config unchanged if `consumers` is not a list. */
export function only(consumer: string | undefined, config: Config): Config {
    const { consumers } = config;
    if (consumer === undefined || !Array.isArray(consumers)) return config;
    const own = consumers.filter((one: unknown) => (one as { name?: unknown } | null)?.name === consumer);
    return { ...config, consumers: own };
}
