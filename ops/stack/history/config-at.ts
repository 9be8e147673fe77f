/** A version's config with the callers of its callers file: Pulumi's history has only the name of the file, and git the file. */
import { parseCallersFile } from "../../../config/keys/consumers/file";
import { isInside } from "../../../config/values";
import { HIDDEN, list } from "../../../policy/resources/values";
import { git } from "./commits";
import type { Config, Version } from "./versions";

/** @returns the config; its `consumers` are unknown, like a secret, if no commit has the file that the version read */
export async function configAt({ config, commit, dirty }: Version, program?: string): Promise<Config> {
    const { consumersFile: name, consumers } = config;
    if (typeof name !== "string" || consumers === HIDDEN) return config;
    const isKnown = commit !== undefined && !dirty && isInside(name);
    const text = isKnown ? await git(["show", `${commit}:./${name}`], program).catch(() => undefined) : undefined;
    const file = text === undefined ? undefined : parseCallersFile(text, name);
    const isRead = file !== undefined && file.problems.length === 0;
    return { ...config, consumers: isRead ? [...list(consumers), ...file.callers] : HIDDEN };
}
