#!/bin/sh
# Runs as root on a host of Alpa. Arguments: host, owner, install|remove; further ones say in a preview what is installed.
# @WATCHDOG@: name of everything of the watchdog on the host.
# scripts.ts sets:
: "${look?}" "${service_text?}" "${timer_text?}" "${unit?}"

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
        fail "must have the service $unit (systemctl knows none). Correct alpa.watchdog.unit."
    [ ! -e "$etc/owner" ] || [ "$(cat "$etc/owner")" = "$owner" ] ||
        fail "must not have the watchdog of another stack (it is $(cat "$etc/owner")'s). If this one was called that, rename it back: pulumi stack rename. Else remove alpa.watchdog there."
}
install_watchdog() {
    check_host
    mkdir -p "$etc" || fail "must have room for $etc. Free space there and run pulumi up again."
    put "$etc/owner" "$owner"
    put "$etc/look.sh" "$look"
    put "$units/$service" "$service_text"
    put "$units/$timer" "$timer_text"
    chmod 644 "$units/$service" "$units/$timer"
    systemctl daemon-reload
    systemctl enable "$timer" >/dev/null 2>&1 || fail "must be able to enable $timer. Look: systemctl enable $timer"
    # A look that is under way ends by the script that it began with.
    systemctl restart "$timer" >/dev/null 2>&1 || fail "$timer must start. Look: systemctl status $timer"
    # Last: before all is done the place in the stack's state may still be the old one.
    put "$etc/place" "$where"
    echo "watchdog runs"
}
remove_watchdog() {
    . ../unless-anothers.sh
    if [ -e "$units/$timer" ]; then
        systemctl disable --now "$timer" >/dev/null 2>&1 || fail "must stop $timer. Look: systemctl status $timer"
    fi
    if [ -e "$units/$service" ]; then
        systemctl stop "$service" >/dev/null 2>&1 || fail "must stop $service. Look: systemctl status $service"
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
