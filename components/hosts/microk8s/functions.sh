#!/bin/sh
# First lines and functions of the scripts for MicroK8s. Arguments: name of the host in messages, stack, action, then options
# of that action. Standard output is the output of the resource, so all other text goes to standard error.
# @FOLDER@: folder with this project's records about MicroK8s on a host.
# shellcheck disable=SC2034 # the scripts that begin with this file read $mode and $common

umask 022
where=$1 owner=$2 mode=$3
shift 3
etc=@FOLDER@ common=/var/snap/microk8s/common
PATH=$PATH:/snap/bin
export PATH

fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
# Writes a file atomically. Only root can read it.
put() {
    (umask 077 && printf '%s\n' "$2" >"$1.new") 2>/dev/null && mv -f "$1.new" "$1" ||
        fail "cannot write $1 (the disk is full or read-only). Free space there and run pulumi up again."
}
mark() { cat "$etc/$1" 2>/dev/null || :; }
# Runs a command that may take minutes, with its output in $said. Prints a line every 15 s, since a silent SSH connection may
# be cut.
slowly() {
    out=$(mktemp)
    "$@" >"$out" 2>&1 &
    slow=$! waited=0
    while kill -0 $slow 2>/dev/null; do
        sleep 0.05
        waited=$((waited + 1))
        [ $((waited % 300)) -ne 0 ] || echo "waiting for $1 $2" >&2
    done
    code=0
    wait $slow || code=$?
    said=$(cat "$out")
    rm -f "$out"
    return $code
}
# The line of $said with the cause: snap prints it first, MicroK8s and kubectl print it last.
last_line() {
    printf '%s\n' "$said" | awk '
        NF == 0 { next }
        /^error: / && first == "" { first = $0; more = /:$/; next }
        more { first = first " " $0; more = 0 }
        { last = $0 }
        END { print first == "" ? last : first }'
}
# Seconds since the host started. They measure a wait even if the host's clock is set meanwhile.
now() { read -r up _ </proc/uptime && echo "${up%%.*}"; }
# until_true SECONDS COMMAND…: repeats the command until it succeeds.
until_true() {
    end=$(($(now) + $1)) tried=0
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now)" -lt "$end" ] || return 1
        tried=$((tried + 1))
        [ $((tried % 30)) -ne 0 ] || echo "waiting for $*" >&2
        sleep 0.5
    done
}
installed() { snap list microk8s >/dev/null 2>&1; }
kubectl() { microk8s kubectl "$@"; }
ours() { [ "$(mark owner)" = "$owner" ]; }
