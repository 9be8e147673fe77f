// What runs on the hosts of the connectors. Plain sh, and tools that every server with systemd has.
// Secrets are in the text that the shell reads, and from there in its memory: never in a command line or a variable that
// other processes see.

import { AS_ROOT } from "./cloudflared-root";
import { renderUnit, type Times } from "./cloudflared-unit";

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
if said=$(sudo -n true 2>&1); then
    printf '%s' "$as_root" | sudo -n sh -s -- "$@"
    exit
fi
[ -n "$password" ] ||
    fail "user $me must become root by sudo without a password ($(echo "$said" | tail -n 1)). Allow it, or give sudoPassword."
said=$(printf '%s\\n' "$password" | sudo -k -S -p '' true 2>&1) ||
    fail "user $me must become root by sudo with the given password ($(echo "$said" | tail -n 1)). Correct sudoPassword, or allow the user."
# sudo takes the first line where it asks, and its rules may ask for true and not for sh: all before the mark is dropped.
{ printf '%s\\n#begin\\n' "$password"; printf '%s' "$as_root"; } | sudo -k -S -p '' sh -c '
    while IFS= read -r line; do [ "$line" != "#begin" ] || break; done
    exec sh -s -- "$@"' sh "$@"
`;

/** A script, as functions that are all read before anything runs: what it starts must not read the rest of it. */
const main = (variables: Record<string, string>, body: string) =>
    `${Object.entries(variables)
        .map(([name, value]) => `${name}=${quote(value)}\n`)
        .join("")}main() {\n${body}}\nmain "$@" </dev/null\n`;

/** What sh reads on a host: for installing and for removing, told apart by its arguments. Holds the secrets. */
export function renderScript(secrets: { token: string; sudoPassword?: string }, times: Times): string {
    const unit = renderUnit(times).replace(/\n$/, "");
    const asRoot = main(
        { token: secrets.token, unit_text: unit, start_seconds: `${times.startSeconds}` },
        `set -eu\n${AS_ROOT}`,
    );
    return main({ password: secrets.sudoPassword ?? "", as_root: asRoot }, `set -eu\n${AS_USER}`);
}

/** Command lines, without secrets: what a preview shows. */
export function renderCommands(
    host: string,
    owner: string,
    install: { version: string; sha256: string; instances: number; metricsPort: number; source?: string },
): { create: string; delete: string } {
    const line = (...words: string[]) => `sh -s -- ${words.map(word).join(" ")}`;
    const { version, sha256, instances, metricsPort, source } = install;
    return {
        create: line(host, owner, "install", version, sha256, `${instances}`, `${metricsPort}`, source ?? "-"),
        delete: line(host, owner, "remove"),
    };
}

const word = (text: string) => (/^[\w./:@=-]+$/.test(text) ? text : quote(text));
