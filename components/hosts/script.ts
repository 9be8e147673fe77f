import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

// Renders scripts that run on hosts over SSH as root. They use plain sh, and tools that every server has.
// Secrets are in the script, which the shell reads from standard input. They are never in a command line or in an
// environment variable, which other processes can read.

/** Quotes a text as one word of sh. */
export const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Script that becomes root and runs the script in its variable `as_root`. */
const AS_USER = scriptFile(__dirname, "as-user.sh")();

/** Wraps a script in a function, so that sh reads it completely before programs of the script can read standard input. */
const main = (variables: Record<string, string>, body: string) =>
    `${Object.entries(variables)
        .map(([name, value]) => `${name}=${quote(value)}\n`)
        .join("")}main() {\n${body}}\nmain "$@" </dev/null\n`;

/**
 * Renders the script that sh reads on a host.
 * @param asRoot body of an sh script that runs as root with the caller's arguments and stops at the first error;
 *   messages name the host by the first argument
 * @param variables shell variables of the script, which may be secret
 * @param sudoPassword undefined if sudo needs no password
 */
export function scriptAsRoot(asRoot: string, variables: Record<string, string>, sudoPassword?: string): string {
    const script = main(variables, `set -eu\n${asRoot}`);
    return main({ password: sudoPassword ?? "", as_root: script }, `set -eu\n${AS_USER}`);
}

/** Command line for a script on standard input. It has no secrets, and a preview shows it. */
export function commandLine(...words: string[]): string {
    return `sh -s -- ${words.map(word).join(" ")}`;
}

const word = (text: string) => (/^[\w./:@=-]+$/.test(text) ? text : quote(text));

/** Values for the placeholders `@NAME@` in a script. */
type Constants = Record<string, string | number>;

/**
 * Reads a shell script for a host or a container. Removes the header (up to the first blank line) and comments, so that changing them
 * causes no diff in a running stack. Replaces a line `. ./FILE`, and the blank line before it, by the text of FILE.
 * @returns a function that inserts constants and throws if a `@NAME@` has no value
 */
export function scriptFile(...path: string[]): (constants?: Constants) => string {
    const file = join(...path);
    const text = sentPart(file);
    return (constants = {}) =>
        text.replace(/@([A-Z_]+)@/g, (placeholder, name: string) => {
            if (name in constants) return `${constants[name]}`;
            throw new Error(`${file}: ${placeholder} has no value. Pass ${name} where the script is rendered.`);
        });
}

function sentPart(file: string): string {
    const text = readFileSync(file, "utf8");
    return withoutComments(text.slice(text.indexOf("\n\n") + 1)).replace(
        /^( *)\. (\.\.?\/.+)\n/gm,
        (_, indent: string, other: string) =>
            sentPart(join(dirname(file), other))
                .slice(1)
                .replace(/^(?=.)/gm, indent),
    );
}

/**
 * Removes lines that are comments, and comments at the end of a line if the code before them contains no quotes. The
 * patterns do not parse the shell, so a test compares the commands of each script with and without its comments. The test
 * fails for a here-document or a text in which a line begins with `#`.
 */
function withoutComments(text: string): string {
    return text.replace(/^[ \t]*#.*\n/gm, "").replace(/^([^'"#\n]*\S)[ \t]+# .*$/gm, "$1");
}
