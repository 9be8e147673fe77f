#!/bin/sh
# Runs as root on a host that Alpa runs on. Arguments: host, owner, install|remove.
# A removed address of the gateway may reach Alpa for another hour, since its node may be draining.
# @FIREWALL@: name of this project's files and services on the host. @TABLE@: family and name of the nftables table.
# scripts.ts sets:
: "${rules?}" "${stamp?}" "${gateways?}" "${unit_text?}"

umask 077
where=$1 owner=$2 mode=$3
etc=/etc/@FIREWALL@ unit=@FIREWALL@.service
unit_file=/etc/systemd/system/$unit

. ../files.sh
loaded() { "$nft" list table @TABLE@ 2>/dev/null; }

check_host() {
    [ "$(uname -s)" = Linux ] && [ -d /run/systemd/system ] ||
        fail "must run Linux with systemd (got $( (. /etc/os-release && echo "$PRETTY_NAME") 2>/dev/null || uname -s)). Set alpa.firewall.apply to print, and load the rules there by hand."
    [ -n "$nft" ] || fail "nft is missing. Run there: apt-get install nftables"
    [ ! -e "$etc/owner" ] || [ "$(cat "$etc/owner")" = "$owner" ] ||
        fail "this host has firewall rules of another stack, $(cat "$etc/owner"). If this stack had that name, rename it back: pulumi stack rename. Otherwise remove the host from that stack."
}
# Prints an nft command for each removed address of the gateway, which allows the address for another hour.
leaving() {
    for old in $(content "$etc/gateways"); do
        case " $gateways " in *" $old "*) continue ;; esac
        case $old in *:*) family=6 ;; *) family=4 ;; esac
        echo "add element @TABLE@ leaving$family { $old timeout 1h }"
    done
}
put_back() {
    if [ -e "$etc/rules.nft" ]; then "$nft" -f "$etc/rules.nft"; else "$nft" delete table @TABLE@; fi >/dev/null 2>&1 || :
}

install_rules() {
    check_host
    mkdir -p "$etc" || fail "cannot create $etc (the disk is full or read-only). Free space there and run pulumi up again."
    put "$etc/owner" "$owner"
    if [ "$(content "$etc/rules.nft")" != "$rules" ] || ! loaded | grep -qF "$stamp"; then
        put "$etc/load.nft" "$rules
$(leaving)"
        said=$("$nft" -c -f "$etc/load.nft" 2>&1) ||
            fail "nft rejects the rules ($(echo "$said" | head -n 1)). Nothing was changed. Run: nft -c -f $etc/load.nft"
        said=$("$nft" -f "$etc/load.nft" 2>&1) ||
            fail "could not load the rules ($(echo "$said" | head -n 1)). The previous rules are in force. Run: nft -f $etc/load.nft"
        loaded | grep -qF "$stamp" || {
            put_back
            fail "nft loaded the rules, but does not list them. The previous rules were restored. Run: nft list table @TABLE@"
        }
        put "$etc/rules.nft" "$rules"
        rm -f "$etc/load.nft"
    fi
    put "$etc/gateways" "$gateways"
    text=$(printf '%s\n' "$unit_text" | sed "s|@nft@|$nft|")
    [ "$(content "$unit_file")" = "$text" ] || put "$unit_file" "$text"
    chmod 644 "$unit_file"
    systemctl daemon-reload
    systemctl enable "$unit" >/dev/null 2>&1 || fail "could not enable $unit. Run: systemctl enable $unit"
    # An active unit is not started again: a start would load the file, which lacks the removed addresses.
    if ! systemctl is-active --quiet "$unit"; then
        systemctl start "$unit" >/dev/null 2>&1 || fail "could not start $unit. Without it the rules are gone after a reboot. Run: journalctl -u $unit"
    fi
    # Written last: after a failed run, Pulumi's state may have the previous address of this host.
    put "$etc/place" "$where"
    echo "rules loaded"
}
remove_rules() {
    . ../return-unless-owned.sh
    [ -n "$nft" ] || [ ! -e "$etc/rules.nft" ] ||
        fail "nft is missing, so table @TABLE@ cannot be deleted, and its rules may be in force. Run there: apt-get install nftables. Then run pulumi again."
    if [ -e "$unit_file" ]; then
        systemctl disable --now "$unit" >/dev/null 2>&1 || fail "$unit did not stop. Run: systemctl status $unit"
    fi
    if [ -n "$nft" ] && loaded >/dev/null; then
        "$nft" delete table @TABLE@ || fail "could not delete table @TABLE@. Run: nft list table @TABLE@"
    fi
    rm -rf "$unit_file" "${etc:?}"
    rm -f /run/@FIREWALL@.lock
    systemctl daemon-reload
    echo "removed"
}

nft=$(command -v nft || :)
# Only one run at a time.
if command -v flock >/dev/null; then
    exec 8>/run/@FIREWALL@.lock
    flock -w 60 8 ||
        fail "another run is still changing this host. Wait until it ends, and run pulumi again. Find it with: fuser -v /run/@FIREWALL@.lock"
fi
case $mode in
install) install_rules ;;
remove) remove_rules ;;
esac
