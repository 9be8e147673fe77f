#!/bin/sh
# Runs as root on the first node. Arguments: host, stack, and invite or members.
# scripts.ts sets $token for invite. For members, $nodes has the nodes with commas between, each with its name in the cluster, its
# host in the config and its labels; $drain_seconds is the longest wait for the pods of a node that leaves:
: "${token?}" "${nodes?}" "${drain_seconds?}"

. ./host.sh

ours && installed || fail "MicroK8s of this stack is not installed. Run: pulumi up --refresh"
if [ "$1" = invite ]; then
    said=$(microk8s add-node --token "$token" --token-ttl 600 --format token-check 2>&1) ||
        fail "could not create a join token ($(end "$said" | sed "s/$token/…/g")). Run: microk8s status"
    exit
fi

. ../stay-connected.sh
nodes=$(echo "$nodes" | tr ',' '\n')
# MicroK8s reports success for an add-on that it does not have, and before its pods run.
for addon in dns/coredns hostpath-storage/hostpath-provisioner; do
    said=$(microk8s enable "${addon%/*}" 2>&1 && kubectl -n kube-system rollout status "deployment/${addon#*/}" --timeout=600s 2>&1) ||
        fail "add-on ${addon%/*} was not ready after 600 s ($(end "$said")). Run: microk8s enable ${addon%/*}; microk8s kubectl -n kube-system describe pods"
done

has_label() { echo "$nodes" | grep -q "^$1 .* $2="; }
mark nodes | while read -r node _ labels; do
    for label in $labels; do has_label "$node" "${label%%=*}" || kubectl label node "$node" "${label%%=*}-" >/dev/null 2>&1 || :; done
done
echo "$nodes" | while read -r node place labels; do
    # shellcheck disable=SC2086 # one word for each label
    said=$(kubectl label node "$node" --overwrite "@PLACE_LABEL@=$place" $labels 2>&1) ||
        fail "could not label node $node ($(end "$said")). Run: microk8s kubectl describe node $node"
done
echo "$nodes" >"$etc/nodes"

# Only nodes with this label are nodes of this stack.
members=$(kubectl get nodes -l @PLACE_LABEL@ -o name) || fail "the API server does not answer. Run: microk8s status"
for node in $members; do
    node=${node#node/}
    ! echo "$nodes" | grep -q "^$node " || continue
    said=$(kubectl drain "$node" --ignore-daemonsets --delete-emptydir-data "--timeout=${drain_seconds}s" 2>&1) ||
        fail "node $node was not drained within $drain_seconds s ($(end "$said")). It gets no new pods now: run pulumi up again, or keep the node with: microk8s kubectl uncordon $node. Check what prevents evictions: microk8s kubectl get pdb -A"
    # Its host removes MicroK8s next, so it never joins again.
    said=$(microk8s remove-node "$node" --force 2>&1) || fail "could not remove node $node ($(end "$said")). Run: microk8s kubectl get nodes"
done
microk8s config
