#!/bin/sh
# First lines and functions of every script. Arguments: the name of the host in messages, the stack, what to do, and words
# that say more. Standard output is what the resource keeps; all else goes to standard error.
# @FOLDER@: folder with what this project knows of MicroK8s on a host.
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
# Writes a file in one step, for root only.
put() {
    (umask 077 && printf '%s\n' "$2" >"$1.new") 2>/dev/null && mv -f "$1.new" "$1" ||
        fail "must have room for $1 (the disk is full, or cannot be written). Free space there and run pulumi up again."
}
mark() { cat "$etc/$1" 2>/dev/null || :; }
# Runs something that may take minutes, and says so now and then: a silent SSH connection may be cut. What it prints is in $said.
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
# What of $said says why: snap begins with it, MicroK8s and kubectl end with it.
last_line() {
    printf '%s\n' "$said" | awk '
        NF == 0 { next }
        /^error: / && first == "" { first = $0; more = /:$/; next }
        more { first = first " " $0; more = 0 }
        { last = $0 }
        END { print first == "" ? last : first }'
}
# Seconds since the host started: its clock may be set meanwhile.
now() { read -r up _ </proc/uptime && echo "${up%%.*}"; }
# Tries until it succeeds: until_true SECONDS COMMAND….
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
