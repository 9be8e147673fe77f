#!/bin/sh
# Functions of bare-metal.sh: what must hold before anything is done on a host, whose it is, and what is seen there
# afterwards. A worker of Ray is watched for failing while it joins: for 300 s at most, since joining takes some.
# shellcheck disable=SC2034 # more_time of bare-metal.sh reads $end
# bare-metal.sh sets:
: "${mode?}" "${head?}" "${owner?}" "${mark?}" "${unit?}" "${alpa_host?}" "${port?}" "${start_seconds?}" "${heard?}"

check_host() {
    [ "$(uname -s)" = Linux ] && [ -d /proc/net ] || fail "must run Linux (got $(uname -s)). Correct convert.bareMetal.hosts."
    command -v curl >/dev/null || fail "must have curl, to ask Alpa whether it runs. Install it."
    [ -z "$unit" ] || systemctl cat "$unit" >/dev/null 2>&1 ||
        fail "must have the service $unit, or there is no way back (systemctl knows none). Correct convert.bareMetal.unit."
}
# Who cannot see the GPUs must not be stopped, nor may a conversion begin. The way back does not depend on it.
check_gpus() {
    case $mode in
    stop) runs || return 0 ;;
    start) { asked attempt=0 && runs; } || return 0 ;;
    *) return 0 ;;
    esac
    gpu_users >/dev/null || exit 1
}
# Whether an address is one of this host's, as its kernel has them.
is_own() {
    case $1 in 127.*) return 0 ;; esac
    awk -v address="$1" '$1 == "|--" { last = $2 } $1 == "/32" && $3 == "LOCAL" && last == address { found = 1 } END { exit !found }' /proc/net/fib_trie
}
# Callers are led to the head: another host would be started, and they would find nobody. Asked while Alpa runs, so the way
# back does not depend on it.
check_head() {
    [ "$mode" = start ] && [ -z "$head" ] && [ -r /proc/net/fib_trie ] && runs || return 0
    addresses=$(getent ahostsv4 "$alpa_host" | cut -d ' ' -f 1 | sort -u) || addresses=
    [ -n "$addresses" ] || return 0
    for address in $addresses; do ! is_own "$address" || return 0; done
    fail "must be the host of alpa.endpoints[0], $alpa_host, since it is the first (it has no such address). Put the head of Ray first in convert.bareMetal.hosts, or correct alpa.endpoints."
}
# Two stacks, maybe of two clusters, would each start what the other one stops.
claim() {
    if (set -C; printf '%s\n' "$owner" >"$mark") 2>/dev/null; then return 0; fi
    theirs=$(cat "$mark" 2>/dev/null) || theirs=
    [ "$theirs" != "$owner" ] || return 0
    [ -z "$theirs" ] ||
        fail "must be in the conversion of one stack (${unit:-Alpa} there is in that of $theirs). Take that one back to option intra-a; if it is gone, or was renamed, remove the file on this host: $mark"
    printf '%s\n' "$owner" >"$mark"
}
release() {
    [ "$(cat "$mark" 2>/dev/null)" != "$owner" ] || rm -f "$mark"
    echo "released"
}
answers() {
    end=$(($(now) + start_seconds))
    until loaded; do
        [ -z "$unit" ] || ! systemctl is-failed --quiet "$unit" || fail "$unit must run (it has failed). Look: journalctl -u $unit"
        more_time || fail "Alpa must answer on port $port with its model loaded within $start_seconds s (last: $(echo "$heard" | head -c 200)). Look at its log."
    done
    echo "answers"
}
silent() {
    ! say >/dev/null || fail "nothing must answer on port $port when Alpa has stopped (something does). Look: ss -ltnp 'sport = :$port'"
    echo "silent"
}
# A worker that fails while it joins is not heard of on the head, which only waits. Once the model comes to its GPUs it has
# joined; where nobody can see that, or not soon, the head's wait is all there is.
holds() {
    [ -n "$unit" ] || return 0
    end=$(($(now) + (start_seconds < 300 ? start_seconds : 300)))
    while :; do
        ! systemctl is-failed --quiet "$unit" || fail "$unit must run (it has failed). Look: journalctl -u $unit"
        users=$(gpu_users 2>/dev/null) || break
        [ -z "$users" ] || break
        more_time || break
    done
    echo "holds"
}
rests() {
    ! runs || fail "${unit:-Alpa} must have stopped (it runs again). Look who has started it: journalctl -u ${unit:-alpa}"
    echo "rests"
}
