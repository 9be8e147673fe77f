/** What a version applied. Pulumi's history has only the name of a callers file, and git has the file. */
import { parseCallersFile } from "../../../config/keys/consumers/file";
import { isInside } from "../../../config/values";
import { HIDDEN, list } from "../../../policy/resources/values";
import { git } from "./commits";
import type { Config, Version } from "./versions";

/** A version's config, with its callers, and the day on which it was applied. */
export interface Applied {
    config: Config;
    start: string;
}

/** The `consumers` are unknown, like a secret, if no commit has the callers file that the version read. */
export async function appliedBy({ config, commit, dirty, start }: Version, program?: string): Promise<Applied> {
    const { consumersFile: name, consumers } = config;
    if (typeof name !== "string" || typeof consumers === "string") return { config, start };
    const isKnown = commit !== undefined && !dirty && isInside(name);
    const text = isKnown ? await git(["show", `${commit}:./${name}`], program).catch(() => undefined) : undefined;
    const file = text === undefined ? undefined : parseCallersFile(text, name);
    const isRead = file !== undefined && file.problems.length === 0;
    return { config: { ...config, consumers: isRead ? [...list(consumers), ...file.callers] : HIDDEN }, start };
}
