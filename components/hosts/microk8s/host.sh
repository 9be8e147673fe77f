#!/bin/sh
# First lines of the scripts for MicroK8s. Arguments: name of the host in messages, stack, then those of the script. Standard
# output is the output of the resource, so other text goes to standard error.
# @FOLDER@: this project's records about MicroK8s on the host. MicroK8s without them is not of this project.
# shellcheck disable=SC2034 # not every script reads every variable

where=$1 owner=$2
shift 2
etc=@FOLDER@ common=/var/snap/microk8s/common agent='journalctl -u snap.microk8s.daemon-cluster-agent'
PATH=$PATH:/snap/bin

fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
mark() { cat "$etc/$1" 2>/dev/null || :; }
ours() { [ "$(mark owner)" = "$owner" ]; }
installed() { snap list microk8s >/dev/null 2>&1; }
kubectl() { microk8s kubectl "$@"; }
# The name that kubelet registers.
# shellcheck disable=SC2018,SC2019 # names of hosts are ASCII
self() { hostname | tr 'A-Z' 'a-z'; }
# The end of a program's output, in one line.
end() { printf '%s\n' "$1" | grep . | tail -n 3 | paste -sd ' '; }
# within SECONDS COMMAND…: repeats a command until it succeeds.
within() {
    left=$1
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 1
    done
}
# Prints what prevents a node of this stack on this host. The preflight checks report it for all hosts at once.
problem() {
    system=$( (. /etc/os-release && echo "$ID") 2>/dev/null) || system="an unknown system"
    has=$(snap list microk8s 2>/dev/null | awk 'NR == 2 { print $4 }')
    if [ "$system" != ubuntu ]; then echo "must run Ubuntu (got $system). Use another host."
    elif ! command -v snap >/dev/null; then echo "has no snapd. Run there: apt-get install snapd"
    elif [ -e "$etc/owner" ] && ! ours; then
        echo "is a node of another stack, $(mark owner). If this stack had that name, rename it back: pulumi stack rename. Otherwise use another host."
    elif [ -n "$has" ] && [ ! -e "$etc/owner" ]; then
        echo "has MicroK8s that this stack did not install, and a takeover would lose its nodes and data. Use another host, set cluster.kubeconfig instead of cluster.nodes, or, if it is not needed, run there: snap remove --purge microk8s"
    elif [ -n "$has" ] && [ "$has" != "$1" ]; then
        echo "follows channel $has of MicroK8s (the config says $1), and nodes are never upgraded. Upgrade one node after another (docs/operate/nodes.md), or restore cluster.channel."
    elif [ -n "$has" ] && [ "$(mark pods)" != "$2" ]; then
        echo "has the pod network $(mark pods) (the config says $2), which is set only when MicroK8s is installed. Restore cluster.podNetwork: another network needs a new cluster."
    fi
}
