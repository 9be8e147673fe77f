import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Values for `@NAME@` of a script. */
type Constants = Record<string, string | number>;

/**
 * Reads a shell script. The header, up to the first blank line, and directives of ShellCheck are removed, since they are for
 * readers and editors. A line `. ./FILE` is replaced by that file, without the blank line before it.
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
    return text
        .slice(text.indexOf("\n\n") + 1)
        .replace(/^ *# shellcheck .*\n/gm, "")
        .replace(/^( *)\. (\.\.?\/.+)\n/gm, (_, indent: string, other: string) =>
            sentPart(join(dirname(file), other))
                .slice(1)
                .replace(/^(?=.)/gm, indent),
        );
}
