#!/bin/sh
# Functions for a script that writes files on a host. The including script sets:
: "${where?}"

fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
# Writes a file atomically.
put() {
    printf '%s\n' "$2" >"$1.new" 2>/dev/null && mv -f "$1.new" "$1" ||
        fail "cannot write $1 (the disk is full or read-only). Free space there and run pulumi up again."
}
content() { cat "$1" 2>/dev/null || :; }
