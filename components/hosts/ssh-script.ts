// What runs on hosts that are reached by SSH, as root. Plain sh, and tools that every server has.
// Secrets are in the text that the shell reads, and from there in its memory: never in a command line or a variable that
// other processes see.

import { scriptFile } from "./script-file";

/** A text as one word of sh. */
export const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Becomes root, and has sh read $as_root. */
const AS_USER = scriptFile(__dirname, "as-user.sh")();

/** A script, as functions that are all read before anything runs: what it starts must not read the rest of it. */
const main = (variables: Record<string, string>, body: string) =>
    `${Object.entries(variables)
        .map(([name, value]) => `${name}=${quote(value)}\n`)
        .join("")}main() {\n${body}}\nmain "$@" </dev/null\n`;

/**
 * What sh reads on a host.
 * @param asRoot body of a script of sh that becomes root first, gets the same arguments and stops at the first error;
 *   the first argument is the name of the host in messages
 * @param variables what the script reads as variables; secrets too
 * @param sudoPassword unset: sudo asks for none
 */
export function scriptAsRoot(asRoot: string, variables: Record<string, string>, sudoPassword?: string): string {
    const script = main(variables, `set -eu\n${asRoot}`);
    return main({ password: sudoPassword ?? "", as_root: script }, `set -eu\n${AS_USER}`);
}

/** Command line that reads such a script and has no secrets: what a preview shows. */
export function commandLine(...words: string[]): string {
    return `sh -s -- ${words.map(word).join(" ")}`;
}

const word = (text: string) => (/^[\w./:@=-]+$/.test(text) ? text : quote(text));
