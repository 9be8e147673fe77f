import type { Context } from "../../context";
import type { Stack } from "../../stack/stack";
import type { Config } from "../../stack/history/versions";

/** One action of an admin on callers. It contains no secret. */
export interface Entry {
    /** ISO 8601: of a commit when it was committed, of a version the start of its run. */
    at: string;
    /** Author of the commit, or who ran Pulumi. Null: unknown. */
    who: string | null;
    /**
     * `commit`: the list of callers was edited, which changes nothing at the gateway. `version`: Pulumi applied it.
     * `handout`: a caller was given a credential.
     */
    source: "commit" | "version" | "handout";
    /** Whole id of the commit, or number of the version. Null: the record of a handout that is in no commit. */
    reference: string | null;
    /** One sentence each. */
    changes: string[];
}

/** Whose log is read. */
export interface Subject {
    context: Context;
    stack: Stack;
    /** Name of the only caller to look at. */
    consumer?: string;
}

/** The config with only one caller; unchanged if its list cannot be read. */
export function only(consumer: string | undefined, config: Config): Config {
    const { consumers } = config;
    if (consumer === undefined || !Array.isArray(consumers)) return config;
    const own = consumers.filter((one: unknown) => (one as { name?: unknown } | null)?.name === consumer);
    return { ...config, consumers: own };
}
