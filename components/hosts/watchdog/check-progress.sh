#!/bin/bash
# Runs as root on a host of Alpa, started by the timer. Checks Alpa once. Exit code 1: Alpa makes no progress; 2: it rejects the
# watchdog's completion, so its progress is unknown. systemd then lists the service as failed.
# Placeholders: those of progress.sh; @WATCHDOG@: name of the watchdog's files on the host; @UNIT@: service to restart when Alpa
# makes no progress, quoted as one word of the shell, empty for none; @RESTART_PAUSE_SECONDS@: shortest time between restarts.

. ./progress.sh
run=/run/@WATCHDOG@ unit=@UNIT@ pause=@RESTART_PAUSE_SECONDS@
field() { sed -n "s/^$1=//p" "$run/state" 2>/dev/null; }
# Loading a model takes many minutes, so a service that was just restarted is not restarted again.
restart() {
    if ((now - restarted < pause)); then
        why+="; $unit was restarted less than $pause s ago"
    elif ! systemctl is-active --quiet "$unit"; then
        why+="; $unit does not run"
    elif systemctl restart "$unit"; then
        restarts=$((restarts + 1)) restarted=$now
        why+="; $unit was restarted"
    else
        why+="; $unit could not be restarted"
    fi
}

mkdir -p "$run"
before=$(field state) since=$(field since)
restarts=$(field restarts) restarted=$(field restarted)
restarts=${restarts:-0} restarted=${restarted:-0}
watch_alpa
now=$(date +%s)
if [ "$state" = stuck ] && [ -n "$unit" ]; then restart; fi
[ "$state" = "$before" ] || since=$now
printf '%s\n' "state=$state" "why=$why" "since=$since" "looked=$now" "restarts=$restarts" "restarted=$restarted" >"$run/state.new"
mv -f "$run/state.new" "$run/state"
if [ "$state" != "$before" ] || [ "$state" = stuck ]; then echo "$state: $why"; fi
case $state in stuck) exit 1 ;; rejected) exit 2 ;; esac
