#!/bin/sh
# Runs as root, prints facts about a host, and changes nothing. Arguments: host, stack, channel, pod network.

. ./host.sh

say() { printf '%s=%s\n' "$1" "$2"; }
say problem "$(problem "$1" "$2")"
say hostname "$(self)"
say machine "$(cat /etc/machine-id 2>/dev/null || :)"
if ours && [ -e "$etc/joined" ]; then say kubeconfig "$(microk8s config 2>/dev/null | base64 | tr -d '\n')"; fi
