import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { Path } from "../../cross-check";
import { pathText } from "../../problems";
import { isMapping, list, mapping } from "../../unchecked";

/** Content of a callers file. */
interface CallersFile {
    /** The entries of the file, without keys, which a callers file must not contain. */
    callers: unknown[];
    problems: string[];
}

/** Reads a callers file. @param folder the folder that `name` is relative to */
export function readCallersFile(name: string, folder: string): CallersFile {
    try {
        return parseCallersFile(readFileSync(join(folder, name), "utf8"), name);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === undefined) throw error;
        const problem = `${name}: must be a file that can be read (${code}). Create it with the text consumers: [], or correct consumersFile.`;
        return { callers: [], problems: [problem] };
    }
}

/**
 * Parses the text of a callers file. The problems never quote the text, since it may contain a key by mistake.
 * @param name name of the file in the problems
 */
export function parseCallersFile(text: string, name: string): CallersFile {
    const refused = (...problems: string[]): CallersFile => ({ callers: [], problems });
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines });
    if (document.errors.length > 0)
        return refused(
            ...document.errors.map(
                ({ code, pos }) => `${name}:${lines.linePos(pos[0]).line}: must be YAML (${code}). Correct this line.`,
            ),
        );
    let file: unknown;
    try {
        file = document.toJS();
    } catch {
        return refused(
            `${name}: must have only a few YAML aliases, each with an anchor above it. Replace the aliases by their values.`,
        );
    }
    if (!isMapping(file))
        return refused(`${name}: must be a mapping with the key consumers. Write consumers: [] for no callers.`);
    const { consumers, ...others } = file;
    const unknown = Object.keys(others).map((key) => `${name}: ${key}: is not a known key. Remove it.`);
    if (!Array.isArray(consumers))
        return refused(...unknown, `${name}: consumers: must be a list of callers. Write [] for none.`);
    const { callers, keys } = withoutKeys(consumers);
    const problems = keys.map(
        (where) =>
            `${name}: ${where}: must not be in this file, which cannot hold a secret. Move this caller to consumers in the stack file, with its key encrypted. If this file had the key in plain text, treat the key as leaked and set a new one.`,
    );
    return { callers, problems: [...unknown, ...problems] };
}

/** The callers without keys, and the paths of the removed keys. */
function withoutKeys(consumers: unknown[]): { callers: unknown[]; keys: string[] } {
    const keys: string[] = [];
    const callers = consumers.map((consumer, i) => {
        if (!isMapping(consumer) || !list(consumer.credentials).some((one) => "key" in mapping(one))) return consumer;
        const credentials = list(consumer.credentials).map((one, j) => {
            if (!isMapping(one)) return one;
            const { key, ...rest } = one;
            if (key !== undefined) keys.push(`consumers[${i}].credentials[${j}].key`);
            return rest;
        });
        return { ...consumer, credentials };
    });
    return { callers, keys };
}

/**
 * Text of a path in the merged list of callers. The callers of the stack file come first in that list. The callers after them
 * are in the callers file, so their paths get the name of that file.
 * @param own number of callers in the stack file
 */
export function pathTextWithFile(name: string, own: number): (path: Path) => string {
    return (path) => {
        const [list, i, ...rest] = path;
        if (list !== "consumers" || typeof i !== "number" || i < own) return pathText(path);
        return `${name}: ${pathText([list, i - own, ...rest])}`;
    };
}
