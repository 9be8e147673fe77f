#!/bin/sh
# Runs as root on a host of Alpa. Arguments: host, owner, install|remove. Further arguments only show in a preview what is
# installed. @WATCHDOG@: name of the watchdog's service, timer and folder on the host.
# scripts.ts sets:
: "${check_script?}" "${service_text?}" "${timer_text?}" "${unit?}"

umask 077
where=$1 owner=$2 mode=$3
etc=/etc/@WATCHDOG@
service=@WATCHDOG@.service timer=@WATCHDOG@.timer
units=/etc/systemd/system

. ../files.sh
check_host() {
    [ "$(uname -s)" = Linux ] && [ -d /run/systemd/system ] ||
        fail "must run Linux with systemd (got $( (. /etc/os-release && echo "$PRETTY_NAME") 2>/dev/null || uname -s)). Remove it from alpa.watchdog.hosts."
    bash -c '((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 402))' 2>/dev/null ||
        fail "must have bash 4.2 or newer. Run there: apt-get install bash"
    [ -z "$unit" ] || systemctl cat "$unit" >/dev/null 2>&1 ||
        fail "systemd has no service $unit. Correct alpa.watchdog.unit."
    [ ! -e "$etc/owner" ] || [ "$(cat "$etc/owner")" = "$owner" ] ||
        fail "this host has the watchdog of another stack, $(cat "$etc/owner"). If this stack had that name, rename it back: pulumi stack rename. Otherwise remove alpa.watchdog from that stack."
}
install_watchdog() {
    check_host
    mkdir -p "$etc" || fail "cannot create $etc (the disk is full or read-only). Free space there and run pulumi up again."
    put "$etc/owner" "$owner"
    put "$etc/check-progress.sh" "$check_script"
    put "$units/$service" "$service_text"
    put "$units/$timer" "$timer_text"
    chmod 644 "$units/$service" "$units/$timer"
    systemctl daemon-reload
    # The script of earlier versions.
    rm -f "$etc/look.sh"
    systemctl enable "$timer" >/dev/null 2>&1 || fail "could not enable $timer. Run: systemctl enable $timer"
    # A running check continues with the script that it has opened.
    systemctl restart "$timer" >/dev/null 2>&1 || fail "could not start $timer. Run: systemctl status $timer"
    # Written last: after a failed run, the state may still have the previous address of this host.
    put "$etc/place" "$where"
    echo "watchdog runs"
}
remove_watchdog() {
    . ../return-unless-owned.sh
    if [ -e "$units/$timer" ]; then
        systemctl disable --now "$timer" >/dev/null 2>&1 || fail "$timer did not stop. Run: systemctl status $timer"
    fi
    if [ -e "$units/$service" ]; then
        systemctl stop "$service" >/dev/null 2>&1 || fail "$service did not stop. Run: systemctl status $service"
    fi
    rm -f "$units/$timer" "$units/$service"
    rm -rf "${etc:?}" /run/@WATCHDOG@
    systemctl daemon-reload
    systemctl reset-failed "$service" >/dev/null 2>&1 || :
    echo "removed"
}

case $mode in
install) install_watchdog ;;
remove) remove_watchdog ;;
esac
