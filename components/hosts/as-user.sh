#!/bin/sh
# Runs as the user who logs in: becomes root, by sudo where that is needed. Arguments: host, and those of the script.
# ssh-script.ts sets:
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
command -v sudo >/dev/null || fail "user $me must be root or have sudo (there is none). Log in as root, or install sudo."
# Asked for what follows: rules may allow true and not sh.
if said=$(sudo -n sh -c : 2>&1); then
    printf '%s' "$as_root" | sudo -n sh -s -- "$@"
    exit
fi
[ -n "$password" ] ||
    fail "user $me must be allowed sh by sudo without a password ($(echo "$said" | tail -n 1)). Add to sudoers: $me ALL=(root) NOPASSWD: $(command -v sh), or give sudoPassword."
said=$(printf '%s\n' "$password" | sudo -k -S -p '' sh -c : 2>&1) ||
    fail "user $me must be allowed sh by sudo with the given password ($(echo "$said" | tail -n 1)). Correct sudoPassword, or add to sudoers: $me ALL=(root) $(command -v sh)."
# sudo takes the first line where it asks, and it may not ask: all before the mark is dropped.
{ printf '%s\n#begin\n' "$password"; printf '%s' "$as_root"; } | sudo -k -S -p '' sh -c '
    while IFS= read -r line; do [ "$line" != "#begin" ] || break; done
    exec sh -s -- "$@"' sh "$@"
