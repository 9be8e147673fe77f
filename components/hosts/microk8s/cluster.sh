#!/bin/sh
# Runs as root on a control-plane node, for another node or for the cluster.
# scripts.ts sets $node (the node's name in the cluster), $place (its host's name in the config), and what the functions read:
: "${node?}" "${place?}" "${address?}" "${storage?}" "${token?}" "${labels?}" "${taints?}" "${labels_away?}" "${taints_away?}"
: "${ready_seconds?}" "${drain_seconds?}" "${ttl_seconds?}"

. ./functions.sh

in_cluster() { kubectl get node "$node" -o name >/dev/null 2>&1; }
count() { kubectl get nodes "$@" -o name 2>/dev/null | wc -l; }
# Whether the node still has the label of this host. A node without it is not removed: the host has another name in the config
# now, or the node belongs to another stack.
ours_still() { kubectl get nodes -l "@PLACE_LABEL@=$place" -o name 2>/dev/null | grep -qx "node/$node"; }
needs_cluster() {
    ours && installed || fail "MicroK8s of this stack is not installed here, and $place needs it. Run pulumi up again."
}
# Whether the cluster still has the node. Without MicroK8s of this stack on this host, there is nothing to remove.
still_there() {
    ours && installed || return 1
    until_true "$ready_seconds" kubectl get nodes || fail "the API server did not answer within $ready_seconds s. Run: microk8s status"
    in_cluster && ours_still
}

# Creates a join token that is valid for $ttl_seconds. Reads $token. Prints host:port/token/fingerprint for microk8s join.
invite() {
    needs_cluster
    if [ "$1" = new ] && in_cluster; then
        ours_still || fail "the cluster already has a node $node, which is the hostname of $place. It is another machine, or a failed removal has left it. Give $place another hostname, or run here: microk8s remove-node $node --force"
    fi
    said=$(microk8s add-node --token "$token" --token-ttl "$ttl_seconds" --format short 2>&1) ||
        fail "could not create a join token for $place ($(last_line | sed "s/$token/…/g")). Run: microk8s status"
    found=$(printf '%s\n' "$said" | sed -n 's/^.*microk8s join \([^ ]*\).*$/\1/p')
    # Prefers the address in the config if MicroK8s prints several.
    url=$(printf '%s\n' "$found" | grep -F -- "$address:" | head -n 1 || :)
    [ -n "$url" ] || url=$(printf '%s\n' "$found" | head -n 1)
    case $url in
    *:*/"$token"/?*) printf '%s\n' "$url" ;;
    *) fail "microk8s add-node printed no address with the token and a fingerprint. Run: microk8s version" ;;
    esac
}
# Removes the cluster's records of a node that has left.
remove_node() {
    still_there || return 0
    slowly microk8s remove-node "$node" ||
        fail "could not remove node $node ($(last_line)). Run: microk8s kubectl get nodes"
    until_true 60 gone || fail "node $node is still in the cluster 60 s after its removal. Run: microk8s kubectl get nodes"
}
gone() { ! in_cluster; }

# Reads $labels and $taints.
mark_node() {
    needs_cluster
    until_true "$ready_seconds" in_cluster ||
        fail "node $node ($place) did not appear in the cluster within $ready_seconds s. Run: microk8s kubectl get nodes; on $place: journalctl -u snap.microk8s.daemon-kubelite"
    # shellcheck disable=SC2086 # one word for each label
    slowly kubectl label node "$node" --overwrite "@PLACE_LABEL@=$place" $labels || fail "could not label node $node ($(last_line)). Run: microk8s kubectl describe node $node"
    # shellcheck disable=SC2086 # one word for each taint
    [ -z "$taints" ] || slowly kubectl taint node "$node" --overwrite $taints || fail "could not taint node $node ($(last_line)). Run: microk8s kubectl describe node $node"
}
# Reads $labels_away and $taints_away.
unmark_node() {
    still_there || return 0
    # shellcheck disable=SC2086 # one word for each label
    [ -z "$labels_away" ] || slowly kubectl label node "$node" $labels_away || fail "could not remove labels of node $node ($(last_line)). Run: microk8s kubectl describe node $node"
    # kubectl fails for a taint that the node does not have.
    for one in $taints_away; do slowly kubectl taint node "$node" "$one" || :; done
}

ready() {
    needs_cluster
    until_true "$ready_seconds" in_cluster || fail "the API server did not report node $node within $ready_seconds s. Run: microk8s status"
    slowly kubectl wait --for=condition=Ready "node/$node" "--timeout=${ready_seconds}s" ||
        fail "node $node ($place) was not ready after $ready_seconds s ($(last_line)). Run: microk8s kubectl describe node $node"
}
# Evicts the pods of the node. Reads $drain_seconds.
drain() {
    still_there || return 0
    [ "$(count)" -gt 1 ] || return 0
    if kubectl get nodes -l node.kubernetes.io/microk8s-controlplane -o name 2>/dev/null | grep -qx "node/$node" &&
        [ "$(count -l node.kubernetes.io/microk8s-controlplane)" -le 1 ]; then
        fail "$place cannot leave: it is the last control-plane node, and $(($(count) - 1)) other node(s) would have none. Add another node with role control-plane first, or remove the other nodes first."
    fi
    slowly kubectl drain "$node" --ignore-daemonsets --delete-emptydir-data "--timeout=${drain_seconds}s" ||
        fail "node $node was not drained within $drain_seconds s ($(last_line)). It gets no new pods now: run pulumi up again, or keep the node with: microk8s kubectl uncordon $node. Check what prevents evictions: microk8s kubectl get pdb -A"
}

# Enables the add-ons, and waits for their deployments: for an unknown add-on, microk8s enable does not fail. Reads $storage.
addons() {
    needs_cluster
    enabled dns
    rolled_out coredns
    [ "$storage" = hostpath ] || return 0
    enabled hostpath-storage
    rolled_out hostpath-provisioner
}
enabled() {
    [ "$(microk8s status -a "$1" 2>/dev/null)" != enabled ] || return 0
    slowly microk8s enable "$1" || fail "could not enable add-on $1 ($(last_line)). Run: microk8s enable $1"
    [ "$(microk8s status -a "$1" 2>/dev/null)" = enabled ] || fail "microk8s enable succeeded, but add-on $1 is not enabled ($(last_line)). Run: microk8s enable $1"
}
rolled_out() {
    slowly kubectl -n kube-system rollout status "deployment/$1" "--timeout=${ready_seconds}s" ||
        fail "deployment kube-system/$1 was not rolled out after $ready_seconds s ($(last_line)). Run: microk8s kubectl -n kube-system describe pods"
}

# The last step. From now on, the preflight checks use the cluster.
kubeconfig() {
    needs_cluster
    said=$(microk8s config 2>&1) || fail "could not print a kubeconfig ($(last_line)). Run: microk8s config"
    # On a worker, microk8s config prints a message and succeeds.
    case $said in
    apiVersion:*)
        put "$etc/complete" yes
        printf '%s\n' "$said"
        ;;
    *) fail "microk8s config printed no kubeconfig. Run: microk8s config" ;;
    esac
}

case $mode in
invite) invite "$@" ;;
remove-node) remove_node ;;
mark) mark_node ;;
unmark) unmark_node ;;
ready) ready ;;
drain) drain ;;
addons) addons ;;
kubeconfig) kubeconfig ;;
hold) : ;;
esac
