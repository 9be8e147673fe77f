#!/bin/sh
# Runs as root on a host that Alpa runs on. Arguments: host, owner, install|remove.
# An address that the gateway no longer has may reach Alpa for one hour more: its node may be draining.
# @FIREWALL@: name of everything of this project on the host. @TABLE@: the table of nftables, family and name.
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
    [ -n "$nft" ] || fail "must have nft. Run there: apt-get install nftables"
    [ ! -e "$etc/owner" ] || [ "$(cat "$etc/owner")" = "$owner" ] ||
        fail "must not hold rules of another stack (they are $(cat "$etc/owner")'s). If this one was called that, rename it back: pulumi stack rename. Else destroy them there."
}
# Addresses that the gateway had until now, each as a command that keeps it for a while.
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
    mkdir -p "$etc" || fail "must have room for $etc. Free space there and run pulumi up again."
    put "$etc/owner" "$owner"
    if [ "$(content "$etc/rules.nft")" != "$rules" ] || ! loaded | grep -qF "$stamp"; then
        put "$etc/load.nft" "$rules
$(leaving)"
        said=$("$nft" -c -f "$etc/load.nft" 2>&1) ||
            fail "must take the rules ($(echo "$said" | head -n 1)). Nothing was changed. Look: nft -c -f $etc/load.nft"
        said=$("$nft" -f "$etc/load.nft" 2>&1) ||
            fail "must load the rules ($(echo "$said" | head -n 1)). Those before are in force. Look: nft -f $etc/load.nft"
        loaded | grep -qF "$stamp" || {
            put_back
            fail "must hold the rules after loading them (it does not). Those before were put back. Look: nft list table @TABLE@"
        }
        put "$etc/rules.nft" "$rules"
        rm -f "$etc/load.nft"
    fi
    put "$etc/gateways" "$gateways"
    text=$(printf '%s\n' "$unit_text" | sed "s|@nft@|$nft|")
    [ "$(content "$unit_file")" = "$text" ] || put "$unit_file" "$text"
    chmod 644 "$unit_file"
    systemctl daemon-reload
    systemctl enable "$unit" >/dev/null 2>&1 || fail "must be able to enable $unit. Look: systemctl enable $unit"
    # Started, it loads the file once more: the addresses that leave would be gone at once. So it is not, if it runs.
    if ! systemctl is-active --quiet "$unit"; then
        systemctl start "$unit" >/dev/null 2>&1 || fail "$unit must start, or the rules are gone after a reboot. Look: journalctl -u $unit"
    fi
    # Last: before all is done the place in the stack's state may still be the old one.
    put "$etc/place" "$where"
    echo "rules loaded"
}
remove_rules() {
    . ../unless-anothers.sh
    [ -n "$nft" ] || [ ! -e "$etc/rules.nft" ] ||
        fail "must have nft to unload table @TABLE@ (there is none, and its rules may be in force). Run there: apt-get install nftables; then run pulumi again."
    if [ -e "$unit_file" ]; then
        systemctl disable --now "$unit" >/dev/null 2>&1 || fail "must stop $unit. Look: systemctl status $unit"
    fi
    if [ -n "$nft" ] && loaded >/dev/null; then
        "$nft" delete table @TABLE@ || fail "must let table @TABLE@ go. Look: nft list table @TABLE@"
    fi
    rm -rf "$unit_file" "${etc:?}"
    rm -f /run/@FIREWALL@.lock
    systemctl daemon-reload
    echo "removed"
}

nft=$(command -v nft || :)
# One run at a time.
if command -v flock >/dev/null; then
    exec 8>/run/@FIREWALL@.lock
    flock -w 60 8 ||
        fail "must not be changed by two runs at once (another one still works on it). Wait for its end, and run pulumi again. Look: fuser -v /run/@FIREWALL@.lock"
fi
case $mode in
install) install_rules ;;
remove) remove_rules ;;
esac
