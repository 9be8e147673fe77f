import type { Context } from "../../context";
import type { Stack } from "../../stack/stack";
import type { Config } from "../../stack/history/versions";

/** One action of an admin on callers. It contains no secret. */
export interface Entry {
    /** ISO 8601: the committer date of a commit, the start of the `pulumi up` of a version, or the time of a handout. */
    at: string;
    /**
     * Who acted: for a commit its author; for a version the author of its commit, and the pipeline; for a handout the
     * operator. Null if not recorded: neither git nor Pulumi records who applied an uncommitted edit.
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

/** The config with only one caller; unchanged if its list cannot be read. */
export function only(consumer: string | undefined, config: Config): Config {
    const { consumers } = config;
    if (consumer === undefined || !Array.isArray(consumers)) return config;
    const own = consumers.filter((one: unknown) => (one as { name?: unknown } | null)?.name === consumer);
    return { ...config, consumers: own };
}
