#!/bin/bash
# Runs next to Alpa in its container, and ends when Alpa makes no progress. The container then ends too, and the kubelet
# restarts it. `kubectl describe pod` shows the last line as the reason.
# Placeholders: those of progress.sh, and @PAUSE_SECONDS@ between two requests. Changing a command restarts Alpa.

. ./progress.sh
before=
while :; do
    watch_alpa
    if [ "$state" = stuck ]; then
        echo "alpa-auth watchdog: Alpa makes no progress: $why" >&2
        exit 1
    fi
    [ "$state" = "$before" ] || echo "alpa-auth watchdog: $state: $why"
    before=$state
    sleep @PAUSE_SECONDS@
done
