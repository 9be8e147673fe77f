#!/bin/sh
# Functions of a script that keeps files on a host.
# The script around it sets:
: "${where?}"

fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
# Writes a file in one step: never half of it.
put() {
    printf '%s\n' "$2" >"$1.new" 2>/dev/null && mv -f "$1.new" "$1" ||
        fail "must have room for $1 (the disk is full, or cannot be written). Free space there and run pulumi up again."
}
content() { cat "$1" 2>/dev/null || :; }
