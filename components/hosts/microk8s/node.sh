#!/bin/sh
# Runs as root on a node. Arguments: host, stack, install|leave, then those of install: channel and pod network.
# scripts.ts sets $launch, the launch configuration, and $url, the invitation of the cluster, which is empty for the first node:
: "${launch?}" "${url?}"

. ./host.sh

. ../stay-connected.sh
case $1 in
install)
    . ./install.sh
    ;;
leave)
    . ./leave.sh
    ;;
esac
