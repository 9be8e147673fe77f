// Renders scripts that run on hosts over SSH as root. They use plain sh, and tools that every server has.
// Secrets are in the script, which the shell reads from standard input. They are never in a command line or in an
// environment variable, which other processes can read.

import { scriptFile } from "./script-file";

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
