#!/bin/sh
# Joins the cluster. A second join breaks a node, so a node that an interrupted run has made a member leaves first.
# node.sh sets:
: "${etc?}" "${url?}" "${agent?}"

cluster=${url%%/*} token=${url#*/}
token=${token%%/*}
member() { kubectl get nodes -o name 2>/dev/null | grep -qvx "node/$(self)"; }
if [ -e "$etc/joining" ] && member; then
    said=$(microk8s leave 2>&1) && microk8s status --wait-ready --timeout 600 >/dev/null 2>&1 ||
        fail "could not leave the cluster to join it again ($(end "$said")). Run: microk8s status; $agent"
fi
! member || fail "is in another cluster, and cannot join this one. Run: microk8s kubectl get nodes"
echo "$cluster" >"$etc/joining"
said=$(microk8s join "$url" 2>&1) && within 600 member ||
    fail "could not join the cluster at $cluster ($(end "$said" | sed "s|$token|…|g")). Run on both hosts: $agent"
