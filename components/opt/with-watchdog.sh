#!/bin/bash
# Runs in the container of Alpa's service with shape rampart: Alpa, and what watches it. What ends first ends the container.
# @COMMAND@, @WATCHDOG@: what bash runs, each as one word of the shell.

/bin/bash -c @COMMAND@ &
alpa=$!
# As the first process of a container, a shell would not hear that it has to end.
trap 'kill -TERM "$alpa" 2>/dev/null; wait "$alpa"; exit 143' TERM
/bin/bash -c @WATCHDOG@ &
watchdog=$!
# Not `wait -n`: it does not return for one that has ended before.
while kill -0 "$alpa" 2>/dev/null && kill -0 "$watchdog" 2>/dev/null; do sleep 1; done
exit 1
