#!/bin/sh
# Runs before a pod ends: waits until no connection of these two ports is left, at most @SECONDS@ seconds.
# @LOCAL@, @REMOTE@: ports as connected.sh takes them.

. ../hosts/connected.sh
# shellcheck disable=SC2034 # counts seconds
for i in $(seq @SECONDS@); do connected '@LOCAL@' '@REMOTE@' || exit 0; sleep 1; done
