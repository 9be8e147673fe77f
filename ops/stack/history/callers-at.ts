/** Reads a version's callers file. Pulumi's history contains the name of the file, and git contains the file. */
import { parseCallersFile } from "../../../config/keys/consumers/file";
import { isInside } from "../../../config/values";
import { ROOT } from "../../context";
import { Failure } from "../../errors";
import { HIDDEN } from "../../../policy/resources/values";
import { Unread } from "./consequences";
import { git } from "./commits";
import type { Config, Version } from "./versions";

/**
 * Text of the callers file in the commit of a version.
 * @returns undefined if the version's config has no callers file
 * @throws Failure if the text is unknown, with the reason
 */
export async function callersFileAt(
    { number, config, commit, dirty }: Version,
    program = ROOT,
): Promise<{ name: string; text: string } | undefined> {
    const { consumersFile: name } = config;
    if (typeof name !== "string" || !isInside(name)) return undefined;
    const unknown = (why: string) =>
        new Failure(`the content of callers file ${name} in version ${number} is unknown: ${why}`);
    if (commit === undefined) throw unknown("the program of that version ran outside of git");
    if (dirty) throw unknown("that version ran with uncommitted changes");
    try {
        return { name, text: await git(["show", `${commit}:./${name}`], program) };
    } catch {
        throw unknown(`commit ${commit.slice(0, 10)} of this clone has no such file`);
    }
}

/**
 * Returns a function that adds the callers of the callers file to a version's config. The function reads each commit's
 * callers file only once.
 */
export function callersReader(program = ROOT): (version: Version) => Promise<Config> {
    const read = new Map<string, Promise<unknown[] | Unread>>();
    return async (version) => {
        const { consumersFile: name, consumers = [] } = version.config;
        if (typeof name !== "string" || consumers === HIDDEN) return version.config;
        const key = JSON.stringify([version.commit, version.dirty, name]);
        if (!read.has(key)) read.set(key, listAt(version, program));
        const callers = await read.get(key)!;
        const own: unknown = typeof consumers === "string" ? JSON.parse(consumers) : consumers;
        const all = callers instanceof Unread || !Array.isArray(own) ? callers : [...(own as unknown[]), ...callers];
        return { ...version.config, consumers: all };
    };
}

async function listAt(version: Version, program: string): Promise<unknown[] | Unread> {
    try {
        const file = await callersFileAt(version, program);
        return file === undefined ? [] : parseCallersFile(file.text, file.name).callers;
    } catch (error) {
        if (error instanceof Failure) return new Unread(error.message);
        throw error;
    }
}
