#!/bin/sh
# Runs as root on a host of connectors. Arguments: host, owner, install|remove, then the arguments of install.
# systemd 247 is the first version with LoadCredential=.
# @UNIT@: name of this project's files and services on the host.
# host.ts sets:
: "${token?}" "${unit_text?}" "${start_seconds?}" "${keys_url?}"

umask 077
where=$1 owner=$2 mode=$3
shift 3
etc=/etc/@UNIT@ lib=/opt/@UNIT@ unit_file=/etc/systemd/system/@UNIT@@.service

fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
# Writes a file atomically. Only root can read it.
put() {
    printf '%s' "$2" >"$1.new" 2>/dev/null && mv -f "$1.new" "$1" ||
        fail "cannot write $1 (the disk is full or read-only). Free space there and run pulumi up again."
}
# Whether a URL on this host answers with success.
answers() { curl -fsS --noproxy '*' --max-time 5 -o /dev/null "$1" 2>/dev/null; }
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
        fail "this host has connectors of another stack, $(cat "$etc/owner"). If this stack had that name, rename it back: pulumi stack rename. Otherwise remove the host from that stack, or use another host."
}
# Stops connectors at the same time. Each waits for its running answers.
stop() {
    names=
    for n in "$@"; do names="$names @UNIT@@$n.service"; done
    # shellcheck disable=SC2086 # one word for each unit
    [ -z "$names" ] || systemctl disable --now $names ||
        fail "could not stop$names. Run: systemctl status$names"
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
    command -v curl >/dev/null || fail "curl is missing. Install it."
}
# Without the keys of Access, a connector reports that it is ready, but answers every request with 502.
check_keys() {
    # The proxy that the operator has set for the connectors.
    proxy=$(sed -n 's/^HTTPS_PROXY=//p' /etc/default/@UNIT@ 2>/dev/null | tail -n 1)
    said=$(https_proxy=$proxy curl -fsS --connect-timeout 10 --max-time 20 -o /dev/null "$keys_url" 2>&1) && return 0
    fail "cannot read the keys of Access from $keys_url ($(echo "$said" | tail -n 1)). Without them connectors answer every request with 502. Open TCP 443 to that host and run pulumi up again."
}
sum() { sha256sum "$1" | cut -d ' ' -f 1; }
# Downloads cloudflared to $binary, unless it exists with the right checksum.
download() {
    binary=$lib/cloudflared-$version
    if [ -x "$binary" ] && [ "$(sum "$binary")" = "$sha256" ]; then return 0; fi
    url=$source
    [ "$url" != - ] || url=https://github.com/cloudflare/cloudflared/releases/download/$version/cloudflared-linux-$arch
    said=$(curl -fsSL --retry 2 --connect-timeout 15 --max-time 900 -o "$binary.new" "$url" 2>&1) || {
        rm -f "$binary.new"
        fail "could not download $url ($(echo "$said" | tail -n 1)). Allow the connection, free space in /opt, or set a mirror as source."
    }
    found=$(sum "$binary.new")
    if [ "$found" != "$sha256" ]; then
        rm -f "$binary.new"
        fail "$url has the SHA-256 $found (expected $sha256, for $arch). Nothing was changed. Correct version, sha256 or source."
    fi
    chmod 755 "$binary.new"
    "$binary.new" --version >/dev/null 2>&1 || {
        rm -f "$binary.new"
        fail "$url is not a program for this machine ($arch). Correct sha256 and source."
    }
    mv -f "$binary.new" "$binary"
}
# Installs or updates one connector, and waits until it is connected to Cloudflare.
connector() {
    n=$1 port=$2
    service=@UNIT@@$n.service ready=http://127.0.0.1:$port/ready
    stamp=$(printf '%s\n' "$binary" "$sha256" "$unit_text" "$port" "$token" | sha256sum)
    if [ "$(cat "$lib/$n/stamp" 2>/dev/null)" = "$stamp" ] && systemctl is-active --quiet "$service" && answers "$ready"; then
        return 0
    fi
    rm -f "$lib/$n/stamp"
    put "$etc/$n.env" "METRICS=127.0.0.1:$port
"
    mkdir -p "$lib/$n"
    chmod 755 "$lib/$n"
    ln -sfn "$binary" "$lib/$n/cloudflared.new" && mv -fT "$lib/$n/cloudflared.new" "$lib/$n/cloudflared"
    systemctl enable "$service" >/dev/null 2>&1 || fail "could not enable $service. Run: systemctl enable $service"
    # The loop below reports a failure: systemd keeps restarting the service, so a slow start may still succeed.
    systemctl restart "$service" 2>/dev/null || :
    waited=0
    until systemctl is-active --quiet "$service" && answers "$ready"; do
        waited=$((waited + 1))
        [ $waited -le "$start_seconds" ] || fail "$service did not connect to Cloudflare, or another program uses port $port of 127.0.0.1 (not ready after $start_seconds s). The connectors after it on this host were not changed. Run: journalctl -u $service
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
    mkdir -p "$etc" "$lib" || fail "cannot create $etc and $lib (the disk is full or read-only). Free space there and run pulumi up again."
    chmod 755 "$lib"
    put "$etc/owner" "$owner"
    download
    put "$etc/token" "$token"
    put "$unit_file" "$unit_text
"
    chmod 644 "$unit_file"
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
    # Written last: after a failed run, the state may still have the previous address of this host.
    put "$etc/place" "$where"
    echo "cloudflared $version: $instances connector(s) ready"
}
remove_all() {
    . ../../hosts/return-unless-owned.sh
    # shellcheck disable=SC2046 # one word for each connector
    stop $(instances_here)
    rm -rf "$lib" "$unit_file" "${etc:?}"
    rm -f /run/@UNIT@.lock
    systemctl daemon-reload
    echo "removed"
}

. ../../hosts/stay-connected.sh
# Only one run at a time: an earlier run whose connection was cut may still wait for answers to end.
if command -v flock >/dev/null; then
    exec 8>/run/@UNIT@.lock
    flock -w "$start_seconds" 8 ||
        fail "another run is still changing this host. Wait until it ends, and run pulumi again. Find it with: fuser -v /run/@UNIT@.lock"
fi
case $mode in
install) install_all "$@" ;;
remove) remove_all ;;
esac
