#!/bin/sh
# Runs as root on a host of connectors. Arguments: host, owner, install|remove, then those of install.
# systemd 247 is the oldest with LoadCredential=. 100 MB are room for two versions of cloudflared (40 MB each) while one
# replaces the other.
# @UNIT@: name of everything of this project on the host.
# scripts.ts sets:
: "${token?}" "${unit_text?}" "${start_seconds?}" "${keys_url?}"

umask 077
where=$1 owner=$2 mode=$3
shift 3
etc=/etc/@UNIT@ lib=/opt/@UNIT@ unit_file=/etc/systemd/system/@UNIT@@.service

fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
# Writes a file in one step: never half of it, never readable by others.
put() {
    printf '%s' "$2" >"$1.new" 2>/dev/null && mv -f "$1.new" "$1" ||
        fail "must have room for $1 (the disk is full, or cannot be written). Free space there and run pulumi up again."
}
# Answers to a request on this host itself.
answers() {
    if command -v curl >/dev/null; then curl -fsS --noproxy '*' --max-time 5 -o /dev/null "$1" 2>/dev/null
    else wget -q --no-proxy -T 5 -O /dev/null "$1" 2>/dev/null; fi
}
# Runs something that may take minutes, and says so now and then: a silent SSH connection may be cut.
slowly() {
    "$@" &
    slow=$! waited=0
    while kill -0 $slow 2>/dev/null; do
        sleep 0.2
        waited=$((waited + 1))
        [ $((waited % 75)) -ne 0 ] || echo "waiting for: $*"
    done
    wait $slow
}
# Something listens where a connector tells its health. From the kernel: not every host has ss.
listens() {
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        grep -qE ": (0100007F|0{8}|0{32}|0{16}FFFF00000100007F):$(printf %04X "$1") [0:]+ 0A "
}
taken() {
    fail "port $port on 127.0.0.1 must be free for $service (something else listens there). Stop that, or set another metricsPort. Look: ss -ltnp"
}
instances_here() {
    for file in "$etc"/*.env; do
        [ -e "$file" ] || continue
        file=${file##*/}
        echo "${file%.env}"
    done
}
check_owner() {
    [ -e "$etc/owner" ] || return 0
    [ "$(cat "$etc/owner")" = "$owner" ] ||
        fail "must not hold connectors of another stack (they are $(cat "$etc/owner")'s). If this one was called that, rename it back: pulumi stack rename. Else destroy them there, or use another host."
}
# Stops connectors, all at once: each waits for its running answers.
stop() {
    names=
    for n in "$@"; do names="$names @UNIT@@$n.service"; done
    # shellcheck disable=SC2086 # one word for each unit
    [ -z "$names" ] || slowly systemctl disable --now $names ||
        fail "must stop$names. Look: systemctl status$names"
    for n in "$@"; do rm -rf "$etc/$n.env" "${lib:?}/$n"; done
}

check_host() {
    [ "$(uname -s)" = Linux ] && [ -d /run/systemd/system ] ||
        fail "must run Linux with systemd (got $( (. /etc/os-release && echo "$PRETTY_NAME") 2>/dev/null || uname -s)). Use another host."
    systemd=$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
    [ "$systemd" -ge 247 ] ||
        fail "must have systemd 247 or newer, which keeps the token from other users (got $systemd). Upgrade the system, or use another host."
    case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "must be an x86_64 or an aarch64 machine (got $(uname -m)). Use another host." ;;
    esac
    command -v curl >/dev/null || command -v wget >/dev/null || fail "must have curl or wget. Install one of them."
    command -v sha256sum >/dev/null || fail "must have sha256sum. Install coreutils."
}
# A connector is ready without the keys of Access, and then answers every request with 502.
check_keys() {
    # The connectors' own way out, where the operator has given them one.
    proxy=$(sed -n 's/^HTTPS_PROXY=//p' /etc/default/@UNIT@ 2>/dev/null | tail -n 1)
    if command -v curl >/dev/null; then said=$(https_proxy=$proxy curl -fsS --connect-timeout 10 --max-time 20 -o /dev/null "$keys_url" 2>&1) && return 0
    else said=$(https_proxy=$proxy wget -nv -t 1 -T 10 -O /dev/null "$keys_url" 2>&1) && return 0; fi
    fail "must reach $keys_url, the keys of Access ($(echo "$said" | tail -n 1)). Without them connectors answer every request with 502. Open TCP 443 to that name and run pulumi up again."
}
check_room() {
    free=$(df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge 100 ] ||
        fail "must have 100 MB free in $1 (got $free MB). Free space there and run pulumi up again."
}
sum() {
    sum_line=$(sha256sum "$1")
    echo "${sum_line%% *}"
}
# Leaves the program at $binary. What is there already with the right checksum is kept.
download() {
    binary=$lib/cloudflared-$version
    if [ -x "$binary" ] && [ "$(sum "$binary")" = "$sha256" ]; then return 0; fi
    check_room /opt
    url=$source
    [ "$url" != - ] || url=https://github.com/cloudflare/cloudflared/releases/download/$version/cloudflared-linux-$arch
    if command -v curl >/dev/null; then said=$(curl -fsSL --retry 2 --connect-timeout 15 --max-time 900 -o "$binary.new" "$url" 2>&1) || said="$said "
    else said=$(wget -nv -T 15 -O "$binary.new" "$url" 2>&1) || said="$said "; fi
    case $said in
    *" ")
        rm -f "$binary.new"
        fail "must be able to download $url ($(echo "$said" | tail -n 1 | sed 's/ *$//')). Open the way there, or name a mirror as source."
        ;;
    esac
    found=$(sum "$binary.new")
    if [ "$found" != "$sha256" ]; then
        rm -f "$binary.new"
        fail "what $url holds must have the SHA-256 $sha256 (got $found, for $arch). Correct version, sha256 or source; nothing was changed."
    fi
    chmod 755 "$binary.new"
    "$binary.new" --version >/dev/null 2>&1 || {
        rm -f "$binary.new"
        fail "what $url holds must be a program for this machine ($arch). Correct sha256 and source."
    }
    mv -f "$binary.new" "$binary"
}
# Brings one connector to what is asked for, and waits until Cloudflare can reach it.
connector() {
    n=$1 port=$2
    service=@UNIT@@$n.service ready=http://127.0.0.1:$port/ready
    stamp=$(printf '%s\n' "$binary" "$sha256" "$unit_text" "$port" "$token" | sha256sum)
    if [ "$(cat "$lib/$n/stamp" 2>/dev/null)" = "$stamp" ] && systemctl is-active --quiet "$service" && answers "$ready"; then
        return 0
    fi
    # On the port that it has already the connector itself may listen.
    at="METRICS=127.0.0.1:$port" state=$(systemctl is-active "$service" || :)
    case "$state $(cat "$etc/$n.env" 2>/dev/null)" in
    "active $at" | *"ing $at") ;;
    *) ! listens "$port" || taken ;;
    esac
    rm -f "$lib/$n/stamp"
    put "$etc/$n.env" "$at
"
    mkdir -p "$lib/$n"
    chmod 755 "$lib/$n"
    ln -sfn "$binary" "$lib/$n/cloudflared.new" && mv -fT "$lib/$n/cloudflared.new" "$lib/$n/cloudflared"
    systemctl enable "$service" >/dev/null 2>&1 || fail "must be able to enable $service. Look: systemctl enable $service"
    # An end in failure shows below: systemd goes on trying, and a slow start may still succeed.
    slowly systemctl restart "$service" 2>/dev/null || :
    waited=0
    until systemctl is-active --quiet "$service" && answers "$ready"; do
        waited=$((waited + 1))
        [ $waited -le "$start_seconds" ] || ! answers "$ready" || taken
        [ $waited -le "$start_seconds" ] || fail "$service must reach Cloudflare (not ready on port $port after $start_seconds s). Others of this host were left as they were. Look: journalctl -u $service
$(journalctl -u "$service" -n 6 --no-pager 2>/dev/null || :)"
        sleep 1
    done
    put "$lib/$n/stamp" "$stamp"
}

install_all() {
    version=$1 sha256=$2 instances=$3 port=$4 source=$5
    check_host
    check_owner
    check_keys
    mkdir -p "$etc" "$lib" || fail "must have room for $etc and $lib. Free space there and run pulumi up again."
    chmod 755 "$lib"
    put "$etc/owner" "$owner"
    download
    put "$etc/token" "$token"
    if [ "$(cat "$unit_file" 2>/dev/null; echo .)" != "$unit_text
." ]; then
        put "$unit_file" "$unit_text
"
        chmod 644 "$unit_file"
    fi
    systemctl daemon-reload
    n=0
    # shellcheck disable=SC2086 # $n is a number
    while [ $n -lt "$instances" ]; do
        n=$((n + 1))
        connector $n $((port + n - 1))
    done
    surplus=
    for n in $(instances_here); do [ "$n" -le "$instances" ] || surplus="$surplus $n"; done
    # shellcheck disable=SC2086 # one word for each connector
    stop $surplus
    for old in "$lib"/cloudflared-*; do [ "$old" = "$binary" ] || rm -f "$old"; done
    check_keys
    # Last: before all is done the place in the stack's state may still be the old one.
    put "$etc/place" "$where"
    echo "cloudflared $version: $instances connector(s) ready"
}
remove_all() {
    . ../../hosts/unless-anothers.sh
    # shellcheck disable=SC2046 # one word for each connector
    stop $(instances_here)
    rm -rf "$lib" "$unit_file" "${etc:?}"
    rm -f /run/@UNIT@.lock
    systemctl daemon-reload
    echo "removed"
}

# One run at a time: one whose connection was cut may still be at work, waiting for answers to end.
if command -v flock >/dev/null; then
    exec 8>/run/@UNIT@.lock
    flock -w "$start_seconds" 8 ||
        fail "must not be changed by two runs at once (another one still works on it). Wait for its end, and run pulumi again. Look: fuser -v /run/@UNIT@.lock"
fi
case $mode in
install) install_all "$@" ;;
remove) remove_all ;;
esac
