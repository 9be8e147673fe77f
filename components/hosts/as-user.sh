#!/bin/sh
# Runs as the login user, and runs $as_root as root, with sudo if needed. Arguments: host, then the other arguments of $as_root.
# script.ts sets:
: "${password?}" "${as_root?}"

where=$1
fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
me=$(id -un)
if [ "$(id -u)" = 0 ]; then
    printf '%s' "$as_root" | sh -s -- "$@"
    exit
fi
command -v sudo >/dev/null || fail "user $me is not root, and sudo is missing. Log in as root, or install sudo."
# Tests sudo with sh itself, since sudoers may allow other commands only.
if said=$(sudo -n sh -c : 2>&1); then
    printf '%s' "$as_root" | sudo -n sh -s -- "$@"
    exit
fi
[ -n "$password" ] ||
    fail "sudo does not allow user $me to run sh without a password ($(echo "$said" | tail -n 1)). Add to sudoers: $me ALL=(root) NOPASSWD: $(command -v sh), or set ssh.sudoPassword."
said=$(printf '%s\n' "$password" | sudo -k -S -p '' sh -c : 2>&1) ||
    fail "sudo does not allow user $me to run sh with ssh.sudoPassword ($(echo "$said" | tail -n 1)). Correct ssh.sudoPassword, or add to sudoers: $me ALL=(root) $(command -v sh)."
# sudo reads the first line only if it asks for a password. So the loop drops all lines up to #begin.
{ printf '%s\n#begin\n' "$password"; printf '%s' "$as_root"; } | sudo -k -S -p '' sh -c '
    while IFS= read -r line; do [ "$line" != "#begin" ] || break; done
    exec sh -s -- "$@"' sh "$@"
