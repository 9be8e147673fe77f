#!/bin/sh
# Removes MicroK8s of this stack from a host. cluster.sh has drained the node, unless the whole cluster is deleted.
# node.sh sets:
: "${etc?}" "${common?}"

[ -e "$etc/owner" ] || return 0
. ../return-unless-owned.sh
if installed; then
    said=$(snap remove --purge microk8s 2>&1) || fail "could not remove MicroK8s ($(end "$said")). Run: snap changes"
fi
rm -rf "$common/.microk8s.yaml" "${etc:?}"
