#!/bin/sh
# preStop hook: waits until no connection between these two ports is left, for at most @SECONDS@ seconds.
# @LOCAL@, @REMOTE@: ports in the form of connected.sh. Changing a command restarts Alpa.

. ../hosts/connected.sh
# shellcheck disable=SC2034 # counts seconds
for i in $(seq @SECONDS@); do connected '@LOCAL@' '@REMOTE@' || exit 0; sleep 1; done
