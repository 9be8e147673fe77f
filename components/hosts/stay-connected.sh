#!/bin/sh
# Prints a line every 15 s until the script ends, since a silent SSH connection may be cut.

while sleep 15 >/dev/null 2>&1; do echo "still running" >&2; done &
# shellcheck disable=SC2064 # the process of now
trap "kill $!" EXIT
