import { ConfigurationError } from "./errors.js";

/**
 * Collects problems, each in the form `where: what must hold (got). What to do.` The last sentence may be missing, if
 * the requirement already says what to do.
 */
export type Problems = string[];

/** Throws all problems at once, if there are any. */
export function refuse(problems: Problems): void {
    if (problems.length > 0) throw new ConfigurationError(problems);
}

/** Returns the result of `make`, or adds the problems that it throws. */
export function gather<T>(problems: Problems, make: () => T): T | undefined {
    try {
        return make();
    } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        problems.push(...error.problems);
        return undefined;
    }
}

/** Checks a header value: a line break would begin another header, and spaces at the ends get lost. */
export function checkHeaderValue(where: string, value: unknown, problems: Problems): void {
    if (typeof value !== "string" || value === "")
        problems.push(`${where}: must be a non-empty string (got ${kind(value)}). Take it from the handout.`);
    else if (/[\r\n]/.test(value))
        problems.push(`${where}: must be one line (it has a line break). Trim what you read from a file.`);
    else if (!/^[\x20-\x7e]+$/.test(value))
        problems.push(
            `${where}: must contain only visible ASCII characters (it has other characters). Take it from the handout.`,
        );
    else if (value !== value.trim())
        problems.push(`${where}: must not begin or end with a space (it does). Take it from the handout.`);
}

/**
 * Whether a value is a file's content instead of its name. Errors do not quote the content, because it may be secret.
 */
export const isText = (file: string): boolean => /\n|-----BEGIN/.test(file);
export const NOT_A_NAME =
    "must be the name of a file (it is the content of one). Write the content into a file, and give its name.";

/** Headers that the client or HTTP itself sets: a credential in one of them breaks the request. */
const TAKEN = [
    ...["accept", "accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding"],
    "user-agent",
];

export function checkHeaderName(where: string, name: unknown, problems: Problems): void {
    if (typeof name !== "string" || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
        problems.push(`${where}: must be the name of a header (it is not one). Ask the operator for the name.`);
    else if (TAKEN.includes(name.toLowerCase()))
        problems.push(
            `${where}: must not be a header that HTTP or the client sets (got ${name}). Ask the operator for the name.`,
        );
}

export function checkNumber(
    where: string,
    value: unknown,
    { least, most, whole = false }: { least: number; most: number; whole?: boolean },
    problems: Problems,
): void {
    if (typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value))) return;
    const what = whole ? "a whole number" : "a number";
    problems.push(`${where}: must be ${what} from ${least} to ${most} (got ${String(value)}).`);
}

/** Kind of a value that must not be shown. */
export function kind(value: unknown): string {
    if (value === "") return "an empty string";
    return value === undefined || value === null ? "none" : `a value of type ${typeof value}`;
}
