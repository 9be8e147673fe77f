#!/bin/sh
# Runs as root on a node. Changes nothing that is in the required state, and completes an interrupted run by its records in
# @FOLDER@. MicroK8s without that folder was not installed by this project, and is not changed.
# scripts.ts sets $launch, $sans and $pods for install, $url for join:
: "${launch?}" "${sans?}" "${pods?}" "${url?}" "${ready_seconds?}"

. ./functions.sh

. ./taken-ports.sh

launcher=$common/etc/launcher config=$common/.microk8s.yaml agent='journalctl -u snap.microk8s.daemon-cluster-agent'

# shellcheck disable=SC2018,SC2019 # names of hosts are ASCII
self() { hostname | tr 'A-Z' 'a-z'; }
# Whether MicroK8s reports other nodes. After an interrupted join, the node may only be a member of the data store.
member() {
    case $role in
    worker) microk8s status 2>&1 | grep -q 'acting as a node in a cluster' ;;
    *) kubectl get nodes -o name 2>/dev/null | grep -qvx "node/$(self)" ;;
    esac
}
# microk8s status succeeds also while MicroK8s is stopped.
running() { microk8s status --wait-ready --timeout 5 2>/dev/null | grep -q 'microk8s is running'; }
applied() { [ -e "$launcher/install.yaml.applied" ]; }

check_host() {
    system=$(. /etc/os-release 2>/dev/null && echo "$ID") || system=
    [ "$system" = ubuntu ] ||
        fail "must run Ubuntu (got $( (. /etc/os-release && echo "$PRETTY_NAME") 2>/dev/null || uname -s)). Use another host."
    command -v snap >/dev/null || fail "snapd is missing. Run: apt-get install snapd"
}
check_owner() {
    if [ -e "$etc/owner" ]; then
        ours || fail "this host is a node of another stack, $(mark owner). If this stack had that name, rename it back: pulumi stack rename. Otherwise use another host."
    elif installed; then
        fail "MicroK8s on this host was not installed by this stack, and a takeover would lose its nodes and data. Use another host, set cluster.kubeconfig instead of cluster.nodes, or, if it is not needed: snap remove --purge microk8s"
    fi
}
check_channel() {
    has=$(snap list microk8s | awk 'NR == 2 { print $4 }')
    [ "$has" = "$channel" ] ||
        fail "MicroK8s on this host follows channel $has (the config says $channel), and running nodes are never upgraded. Upgrade one node after another: microk8s kubectl drain, snap refresh microk8s --channel=$channel, microk8s kubectl uncordon. Then run pulumi up again. Or set cluster.channel back."
}
check_before() {
    for other in /etc/microk8s.yaml /root/snap/microk8s/common/.microk8s.yaml; do
        [ ! -e "$other" ] || fail "MicroK8s would read $other instead of the configuration of this stack. Move that file to another folder."
    done
    taken=$(taken_ports)
    [ -z "$taken" ] ||
        fail "ports of MicroK8s are in use ($(echo "$taken" | paste -sd ';' | sed 's/;/; /g')). Stop these programs, or give them other ports (Ray: --min-worker-port and --max-worker-port). Find them with: ss -ltnp"
}
snap_install() {
    # The installation of an interrupted run may still be in progress.
    tried=0
    until slowly snap install microk8s --classic "--channel=$channel"; do
        tried=$((tried + 1))
        case $said in *"change in progress"*) [ $tried -ge 120 ] || { sleep 5; continue; } ;; esac
        fail "could not install MicroK8s of channel $channel ($(last_line)). Run: snap changes; snap info microk8s"
    done
}

install_node() {
    channel=$1 role=$2
    check_host
    check_owner
    if installed; then check_channel
    else
        check_before
        mkdir -p "$etc" "$common"
        put "$etc/owner" "$owner"
        put "$config" "$launch"
        put "$etc/pods" "$pods"
        snap_install
    fi
    put "$etc/place" "$where"
    [ -e "$etc/role" ] || put "$etc/role" "$role"
    [ "$(mark role)" = "$role" ] ||
        fail "this host is a $(mark role) node (the config says $role), and cannot change its role. Set the role back, or remove the host from cluster.nodes, run pulumi up, and add it again."
    # Names in the certificate are set at installation. An existing node keeps them; preflight checks warn of a difference.
    [ -e "$etc/sans" ] || put "$etc/sans" "$sans"
    [ "$(mark pods)" = "$pods" ] ||
        fail "the pod network is $(mark pods) (the config says $pods), and is set only when MicroK8s is installed. Set cluster.podNetwork back. Another network needs a new cluster."
    if [ ! -e "$etc/ready" ]; then
        # snapd refreshes MicroK8s up to four times a day, and each refresh restarts the node.
        slowly snap refresh --hold microk8s ||
            fail "could not hold refreshes of MicroK8s ($(last_line)). This needs snapd 2.58 or newer. Run: snap refresh snapd"
        until_true "$ready_seconds" running ||
            fail "MicroK8s was not ready after $ready_seconds s. Run: microk8s inspect; snap services microk8s"
        until_true "$ready_seconds" applied ||
            fail "MicroK8s did not apply its launch configuration, $launcher/install.yaml, within $ready_seconds s. It keeps trying. Run: $agent
$($agent -n 6 --no-pager 2>/dev/null || :)"
        [ "$role" = worker ] || authorized
        put "$etc/ready" "$channel"
        rm -f "$config"
    fi
    # The output: the node name that kubelet registers.
    self
}
authorized() {
    grep -q -- '^--authorization-mode=RBAC,Node' /var/snap/microk8s/current/args/kube-apiserver ||
        fail "the API server does not run with --authorization-mode=RBAC,Node. Check /var/snap/microk8s/current/args/kube-apiserver. Run: $agent"
}

join_node() {
    role=$1
    ours && installed || fail "MicroK8s of this stack is not installed. Run pulumi up again."
    if [ -e "$etc/joined" ]; then
        # A restarting control plane does not answer for a moment.
        until_true 60 member || fail "this node has left the cluster, or was reset. Replace it with another host. A worker can instead be removed from cluster.nodes and, after pulumi up, added again."
        return 0
    fi
    # The progress of an interrupted join is unknown, and a second join could break the node. So the node leaves first.
    if [ -e "$etc/joining" ] && member; then leave_cluster; fi
    ! member || fail "this node is in a cluster, and cannot join another one. Run: microk8s status; microk8s kubectl get nodes"
    put "$etc/joining" "${url%%/*}"
    token=${url#*/} token=${token%%/*}
    case $role in worker) as=--worker ;; *) as= ;; esac
    slowly microk8s join "$url" $as ||
        fail "could not join the cluster at ${url%%/*} ($(last_line | sed "s|$token|…|g")). Run on both hosts: $agent"
    until_true "$ready_seconds" member ||
        fail "microk8s join succeeded, but the node was not in the cluster after $ready_seconds s. Run: microk8s status; $agent"
    [ "$role" = worker ] || authorized
    put "$etc/joined" "${url%%/*}"
    rm -f "$etc/joining"
}
# The node that starts the cluster joins no other node.
start_cluster() {
    ours && installed || fail "MicroK8s of this stack is not installed. Run pulumi up again."
    [ -e "$etc/joined" ] || put "$etc/joined" -
}

# Whether the node now belongs to another stack, or to another name of the host in the config. Then it is not removed.
is_not_ours() {
    [ -e "$etc/owner" ] || return 1
    ours && { [ ! -e "$etc/place" ] || [ "$(mark place)" = "$where" ]; } && return 1
    echo "not removed: this host is node $(mark place) of $(mark owner) now" >&2
}
leave_cluster() {
    slowly microk8s leave ||
        fail "could not leave the cluster ($(last_line)). The last voter of the data store cannot leave: add another control-plane node first. Run: microk8s status; $agent"
    until_true "$ready_seconds" running ||
        fail "MicroK8s left the cluster, but was not ready after $ready_seconds s. Run: microk8s inspect"
}
leave() {
    role=$1
    ! is_not_ours && [ -e "$etc/owner" ] && installed || return 0
    # A node that does not leave in order stays a member of the data store, and the others wait for it.
    [ "$role" = worker ] || until_true 60 kubectl get nodes ||
        fail "the API server did not answer within 60 s, so the node cannot leave in order. Run: microk8s status. If the cluster is lost: snap remove --purge microk8s, and run pulumi again."
    member || return 0
    leave_cluster
    rm -f "$etc/joined"
}
remove() {
    is_not_ours && return 0
    [ -e "$etc/owner" ] || return 0
    if installed; then
        slowly snap remove --purge microk8s ||
            fail "could not remove MicroK8s ($(last_line)). Run: snap changes"
    fi
    rm -f "$config"
    rm -rf "${etc:?}"
}

case $mode in
install) install_node "$@" ;;
join) join_node "$@" ;;
start) start_cluster ;;
leave) leave "$@" ;;
remove) remove ;;
esac
