#!/bin/sh
# Functions of bare-metal.sh: checks of a host before a change, the record of its owner, and checks after the change.
# shellcheck disable=SC2034 # more_time of bare-metal.sh reads $end
# bare-metal.sh sets:
: "${mode?}" "${head?}" "${owner?}" "${mark?}" "${unit?}" "${alpa_host?}" "${port?}" "${start_seconds?}" "${heard?}"

check_host() {
    [ "$(uname -s)" = Linux ] && [ -d /proc/net ] || fail "must run Linux (got $(uname -s)). Correct convert.bareMetal.hosts."
    command -v curl >/dev/null || fail "curl is missing. It is needed to check whether Alpa answers. Install it."
    [ -z "$unit" ] || systemctl cat "$unit" >/dev/null 2>&1 ||
        fail "systemd has no service $unit, and a return to bare metal must start it. Correct convert.bareMetal.unit."
}
# The start of a conversion and a stop need a working nvidia-smi. A return to bare metal does not.
check_gpus() {
    case $mode in
    stop) runs || return 0 ;;
    start) { ! asked back && runs; } || return 0 ;;
    *) return 0 ;;
    esac
    gpu_users >/dev/null || exit 1
}
# Whether an address is one of this host's, according to its kernel.
is_own() {
    case $1 in 127.*) return 0 ;; esac
    awk -v address="$1" '$1 == "|--" { last = $2 } $1 == "/32" && $3 == "LOCAL" && last == address { found = 1 } END { exit !found }' /proc/net/fib_trie
}
# The gateway sends requests to the head, so the first host must have the address of alpa.endpoints[0]. Checked only while
# Alpa runs, so that a return to bare metal does not depend on it.
check_head() {
    [ "$mode" = start ] && [ -z "$head" ] && [ -r /proc/net/fib_trie ] && runs || return 0
    addresses=$(getent ahostsv4 "$alpa_host" | cut -d ' ' -f 1 | sort -u) || addresses=
    [ -n "$addresses" ] || return 0
    for address in $addresses; do ! is_own "$address" || return 0; done
    fail "must be the host of alpa.endpoints[0], $alpa_host, since it is the first of convert.bareMetal.hosts (it has no such address). Put the Ray head node first, or correct alpa.endpoints."
}
# Records this stack as the owner of the service. Otherwise another stack, even of another cluster, could start it again.
claim() {
    if (set -C; printf '%s\n' "$owner" >"$mark") 2>/dev/null; then return 0; fi
    theirs=$(cat "$mark" 2>/dev/null) || theirs=
    [ "$theirs" != "$owner" ] || return 0
    [ -z "$theirs" ] ||
        fail "${unit:-Alpa} is in the conversion of another stack, $theirs. Return that stack to option intra-a. If it no longer exists or was renamed, delete this file on the host: $mark"
    printf '%s\n' "$owner" >"$mark"
}
release() {
    [ "$(cat "$mark" 2>/dev/null)" != "$owner" ] || rm -f "$mark"
    echo "released"
}
answers() {
    end=$(($(now) + start_seconds))
    until loaded; do
        [ -z "$unit" ] || ! systemctl is-failed --quiet "$unit" || fail "$unit has failed. Run: journalctl -u $unit"
        more_time || fail "Alpa did not answer on port $port with its model loaded within $start_seconds s (last answer: $(echo "$heard" | head -c 200)). Read its log."
    done
    echo "answers"
}
silent() {
    ! say >/dev/null || fail "Alpa has stopped, but another process answers on port $port. Stop that process. Find it with: ss -ltnp 'sport = :$port'"
    echo "silent"
}
# Fails if the service of a worker fails while it joins Ray, which the head does not report. A process on the GPUs means that
# the worker has joined. The wait ends after 300 s, or if the GPUs cannot be queried: the head's own wait is then the check.
holds() {
    [ -n "$unit" ] || return 0
    end=$(($(now) + (start_seconds < 300 ? start_seconds : 300)))
    while :; do
        ! systemctl is-failed --quiet "$unit" || fail "$unit has failed. Run: journalctl -u $unit"
        users=$(gpu_users 2>/dev/null) || break
        [ -z "$users" ] || break
        more_time || break
    done
    echo "holds"
}
rests() {
    ! runs || fail "${unit:-Alpa} was stopped, but runs again. Find out what started it: journalctl -u ${unit:-alpa}"
    echo "rests"
}
