#!/bin/bash
# Runs in the head's container: starts Ray and the program in ALPA_WATCH, and ends with the first of them that ends. Without
# the trap, the shell would ignore SIGTERM, as the first process of a container does. KubeRay's operator sets Ray's own command
# in a variable. @GCS_PORT@: port of Ray's GCS. Changing a command restarts Alpa.

trap 'exit 143' TERM
ulimit -n 65536
eval "$KUBERAY_GEN_RAY_START_CMD" &
until ray health-check --address "127.0.0.1:@GCS_PORT@" >/dev/null 2>&1; do
    kill -0 $! 2>/dev/null || exit 1
    sleep 2
done
python3 -u -c "$ALPA_WATCH" &
wait -n
exit 1
