#!/bin/sh
# Runs as root on a control-plane node, about another node or about the cluster.
# scripts.ts sets $node (the node's name in the cluster), $place (its host's name in the config), and what each function names:
: "${node?}" "${place?}" "${address?}" "${storage?}" "${token?}" "${labels?}" "${taints?}" "${labels_away?}" "${taints_away?}"
: "${ready_seconds?}" "${drain_seconds?}" "${ttl_seconds?}"

. ./functions.sh

in_cluster() { kubectl get node "$node" -o name >/dev/null 2>&1; }
count() { kubectl get nodes "$@" -o name 2>/dev/null | wc -l; }
# Of a host that has another name in the config now, or of another stack: not ours to remove.
ours_still() { kubectl get nodes -l "@PLACE_LABEL@=$place" -o name 2>/dev/null | grep -qx "node/$node"; }
needs_cluster() {
    ours && installed || fail "must run MicroK8s of this stack, to be asked about $place. Run pulumi up again."
}
# There is something to remove. A host that is out of the cluster itself knows of nothing.
still_there() {
    ours && installed || return 1
    until_true "$ready_seconds" kubectl get nodes || fail "the API server must answer (not after $ready_seconds s). Look: microk8s status"
    in_cluster && ours_still
}

# Lets a node in, for $ttl_seconds. Reads $token. Prints host:port/token/fingerprint: all that the node needs.
invite() {
    needs_cluster
    if [ "$1" = new ] && in_cluster; then
        ours_still || fail "no node $node may be in the cluster yet, since $place has that name (it is another machine, or was left by a failed removal). Give $place another hostname, or run here: microk8s remove-node $node --force"
    fi
    said=$(microk8s add-node --token "$token" --token-ttl "$ttl_seconds" --format short 2>&1) ||
        fail "must be able to let $place in ($(last_line | sed "s/$token/…/g")). Look: microk8s status"
    found=$(printf '%s\n' "$said" | sed -n 's/^.*microk8s join \([^ ]*\).*$/\1/p')
    # The address by which the config knows this node, where it is one of several.
    url=$(printf '%s\n' "$found" | grep -F -- "$address:" | head -n 1 || :)
    [ -n "$url" ] || url=$(printf '%s\n' "$found" | head -n 1)
    case $url in
    *:*/"$token"/?*) printf '%s\n' "$url" ;;
    *) fail "microk8s add-node must print an address with the token and a fingerprint (it did not). Look: microk8s version" ;;
    esac
}
# Removes what the cluster still knows of a node that has left.
remove_node() {
    still_there || return 0
    slowly microk8s remove-node "$node" ||
        fail "must be able to remove node $node ($(last_line)). Look: microk8s kubectl get nodes"
    until_true 60 gone || fail "node $node must be gone from the cluster (it is not after 60 s). Look: microk8s kubectl get nodes"
}
gone() { ! in_cluster; }

# Reads $labels and $taints.
mark_node() {
    needs_cluster
    until_true "$ready_seconds" in_cluster ||
        fail "node $node ($place) must appear in the cluster (it did not after $ready_seconds s). Look: microk8s kubectl get nodes; on $place: journalctl -u snap.microk8s.daemon-kubelite"
    # shellcheck disable=SC2086 # one word for each label
    slowly kubectl label node "$node" --overwrite "@PLACE_LABEL@=$place" $labels || fail "must be able to label node $node ($(last_line))."
    # shellcheck disable=SC2086 # one word for each taint
    [ -z "$taints" ] || slowly kubectl taint node "$node" --overwrite $taints || fail "must be able to taint node $node ($(last_line))."
}
# Reads $labels_away and $taints_away.
unmark_node() {
    still_there || return 0
    # shellcheck disable=SC2086 # one word for each label
    [ -z "$labels_away" ] || slowly kubectl label node "$node" $labels_away || fail "must be able to take labels from node $node ($(last_line))."
    # kubectl fails for a taint that is not there.
    for one in $taints_away; do slowly kubectl taint node "$node" "$one" || :; done
}

ready() {
    needs_cluster
    until_true "$ready_seconds" in_cluster || fail "the API server must answer, and know node $node (not after $ready_seconds s). Look: microk8s status"
    slowly kubectl wait --for=condition=Ready "node/$node" "--timeout=${ready_seconds}s" ||
        fail "node $node ($place) must get ready (not after $ready_seconds s: $(last_line)). Look: microk8s kubectl describe node $node"
}
# Moves the pods away. Reads $drain_seconds.
drain() {
    still_there || return 0
    [ "$(count)" -gt 1 ] || return 0
    if kubectl get nodes -l node.kubernetes.io/microk8s-controlplane -o name 2>/dev/null | grep -qx "node/$node" &&
        [ "$(count -l node.kubernetes.io/microk8s-controlplane)" -le 1 ]; then
        fail "$place must not leave: it is the last control-plane node, and $(($(count) - 1)) other(s) would have none. Make another node a member first (role control-plane), or remove the others before."
    fi
    slowly kubectl drain "$node" --ignore-daemonsets --delete-emptydir-data "--timeout=${drain_seconds}s" ||
        fail "pods must leave node $node within $drain_seconds s ($(last_line)). It takes no new ones now: run pulumi up again, or keep it with microk8s kubectl uncordon $node. Look: microk8s kubectl get pdb -A"
}

# Add-ons that are really there: microk8s says of an unknown one only that it did not find it. Reads $storage.
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
    slowly microk8s enable "$1" || fail "must be able to enable add-on $1 ($(last_line)). Run: microk8s enable $1"
    [ "$(microk8s status -a "$1" 2>/dev/null)" = enabled ] || fail "add-on $1 must be enabled ($(last_line)). Run: microk8s enable $1"
}
rolled_out() {
    slowly kubectl -n kube-system rollout status "deployment/$1" "--timeout=${ready_seconds}s" ||
        fail "deployment kube-system/$1 must be rolled out (not after $ready_seconds s: $(last_line)). Look: microk8s kubectl -n kube-system describe pods"
}

# The last step: from now on there is a cluster to be looked at before a run.
kubeconfig() {
    needs_cluster
    said=$(microk8s config 2>&1) || fail "must give a kubeconfig ($(last_line)). Run: microk8s config"
    # A worker prints a message, with success.
    case $said in
    apiVersion:*)
        put "$etc/complete" yes
        printf '%s\n' "$said"
        ;;
    *) fail "must give a kubeconfig (it gave something else). Run: microk8s config" ;;
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
