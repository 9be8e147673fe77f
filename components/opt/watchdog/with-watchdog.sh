#!/bin/bash
# Runs Alpa and its watchdog in the container of Alpa's service (shape rampart), and ends with the first of them that ends.
# @COMMAND@, @WATCHDOG@: commands for bash, each quoted as one word of the shell. Changing a command
# restarts Alpa.

/bin/bash -c @COMMAND@ &
alpa=$!
# As the first process of a container, a shell would not hear that it has to end.
trap 'kill -TERM "$alpa" 2>/dev/null; wait "$alpa"; exit 143' TERM
/bin/bash -c @WATCHDOG@ &
watchdog=$!
# Not `wait -n`: it does not return for one that has ended before.
while kill -0 "$alpa" 2>/dev/null && kill -0 "$watchdog" 2>/dev/null; do sleep 1; done
exit 1
