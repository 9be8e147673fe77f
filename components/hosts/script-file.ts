import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

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
