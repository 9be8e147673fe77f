// What runs on hosts that are reached by SSH, as root. Plain sh, and tools that every server has.
// Secrets are in the text that the shell reads, and from there in its memory: never in a command line or a variable that
// other processes see.

/** A text as one word of sh. */
export const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Runs as the user who logs in: becomes root, by sudo where that is needed. Reads $password and $as_root. */
const AS_USER = `
where=$1
fail() {
    printf '%s\\n' "$where: $1" >&2
    exit 1
}
me=$(id -un)
if [ "$(id -u)" = 0 ]; then
    printf '%s' "$as_root" | sh -s -- "$@"
    exit
fi
command -v sudo >/dev/null || fail "user $me must be root or have sudo (there is none). Log in as root, or install sudo."
# Asked for what follows: rules may allow true and not sh.
if said=$(sudo -n sh -c : 2>&1); then
    printf '%s' "$as_root" | sudo -n sh -s -- "$@"
    exit
fi
[ -n "$password" ] ||
    fail "user $me must be allowed sh by sudo without a password ($(echo "$said" | tail -n 1)). Add to sudoers: $me ALL=(root) NOPASSWD: $(command -v sh), or give sudoPassword."
said=$(printf '%s\\n' "$password" | sudo -k -S -p '' sh -c : 2>&1) ||
    fail "user $me must be allowed sh by sudo with the given password ($(echo "$said" | tail -n 1)). Correct sudoPassword, or add to sudoers: $me ALL=(root) $(command -v sh)."
# sudo takes the first line where it asks, and it may not ask: all before the mark is dropped.
{ printf '%s\\n#begin\\n' "$password"; printf '%s' "$as_root"; } | sudo -k -S -p '' sh -c '
    while IFS= read -r line; do [ "$line" != "#begin" ] || break; done
    exec sh -s -- "$@"' sh "$@"
`;

/** A script, as functions that are all read before anything runs: what it starts must not read the rest of it. */
const main = (variables: Record<string, string>, body: string) =>
    `${Object.entries(variables)
        .map(([name, value]) => `${name}=${quote(value)}\n`)
        .join("")}main() {\n${body}}\nmain "$@" </dev/null\n`;

/** First lines of a function of sh that removes what a stack has on a host. Reads $etc, $owner and $where. */
export const UNLESS_ANOTHERS = `    # What another stack has put here since is not ours to remove.
    if [ -e "$etc/owner" ] && [ "$(cat "$etc/owner")" != "$owner" ]; then return 0; fi
    # The same host under another address: that one's resource was made before this one's goes.
    if [ -e "$etc/place" ] && [ "$(cat "$etc/place")" != "$where" ]; then
        echo "left alone: these are $(cat "$etc/place")'s now"
        return 0
    fi
`;

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
