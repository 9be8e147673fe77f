#!/bin/sh
# Runs as root on a node. What is right already is left alone, and what a killed run has left is finished: the folder of
# this project on the host says how far that was. MicroK8s without that folder is another administrator's, and stays as it is.
# scripts.ts sets $launch, $sans and $pods for install, $url for join:
: "${launch?}" "${sans?}" "${pods?}" "${url?}" "${ready_seconds?}"

. ./functions.sh

. ./taken-ports.sh

launcher=$common/etc/launcher config=$common/.microk8s.yaml agent='journalctl -u snap.microk8s.daemon-cluster-agent'

# shellcheck disable=SC2018,SC2019 # names of hosts are ASCII
self() { hostname | tr 'A-Z' 'a-z'; }
# In a cluster with others, as MicroK8s itself sees it: maybe as a data store only, after a join that was cut off.
member() {
    case $role in
    worker) microk8s status 2>&1 | grep -q 'acting as a node in a cluster' ;;
    *) kubectl get nodes -o name 2>/dev/null | grep -qvx "node/$(self)" ;;
    esac
}
# A microk8s that is stopped answers with success.
running() { microk8s status --wait-ready --timeout 5 2>/dev/null | grep -q 'microk8s is running'; }
applied() { [ -e "$launcher/install.yaml.applied" ]; }

check_host() {
    system=$(. /etc/os-release 2>/dev/null && echo "$ID") || system=
    [ "$system" = ubuntu ] ||
        fail "must run Ubuntu (got $( (. /etc/os-release && echo "$PRETTY_NAME") 2>/dev/null || uname -s)). Use another host."
    command -v snap >/dev/null || fail "must have snapd. Run: apt-get install snapd"
}
check_owner() {
    if [ -e "$etc/owner" ]; then
        ours || fail "must not be a node of another stack (it is $(mark owner)'s). If this one was called that, rename it back: pulumi stack rename. Else use another host."
    elif installed; then
        fail "must not run MicroK8s that this stack did not install: its nodes and data would be lost. Use another host, give cluster.kubeconfig in place of cluster.nodes, or, if nobody needs it: snap remove --purge microk8s"
    fi
}
check_channel() {
    has=$(snap list microk8s | awk 'NR == 2 { print $4 }')
    [ "$has" = "$channel" ] ||
        fail "must follow channel $channel (MicroK8s here follows $has). This program upgrades no node that runs. On one node after another: microk8s kubectl drain, snap refresh microk8s --channel=$channel, microk8s kubectl uncordon; then run pulumi up again. Or set cluster.channel back."
}
check_before() {
    for other in /etc/microk8s.yaml /root/snap/microk8s/common/.microk8s.yaml; do
        [ ! -e "$other" ] || fail "must not have $other, which MicroK8s would read in place of this program's configuration. Move it away."
    done
    taken=$(taken_ports)
    [ -z "$taken" ] ||
        fail "must have the ports of MicroK8s free (taken: $(echo "$taken" | paste -sd ';' | sed 's/;/; /g')). Stop that, or have it use others; Ray: --min-worker-port and --max-worker-port. Look: ss -ltnp"
}
snap_install() {
    # A run that was cut off may have left an installation that goes on by itself.
    tried=0
    until slowly snap install microk8s --classic "--channel=$channel"; do
        tried=$((tried + 1))
        case $said in *"change in progress"*) [ $tried -ge 120 ] || { sleep 5; continue; } ;; esac
        fail "must be able to install MicroK8s of channel $channel ($(last_line)). Look: snap changes; snap info microk8s"
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
        fail "must stay a $(mark role) node (the config says $role). Set its role back, or take it out of cluster.nodes, run pulumi up, and put it back."
    # Made when MicroK8s is installed: a node in place keeps its own, and the look before a run says so.
    [ -e "$etc/sans" ] || put "$etc/sans" "$sans"
    # Installed before this was a setting.
    [ -e "$etc/pods" ] || put "$etc/pods" @POD_NETWORK@
    [ "$(mark pods)" = "$pods" ] ||
        fail "must keep the pods' network, which is set when MicroK8s is installed (it is $(mark pods); the config says $pods). Set cluster.podNetwork back: a cluster with another one is a new cluster."
    if [ ! -e "$etc/ready" ]; then
        # A refresh restarts the node, up to four times a day.
        slowly snap refresh --hold microk8s ||
            fail "must be able to hold refreshes of MicroK8s ($(last_line)): snapd 2.58 or newer. Run: snap refresh snapd"
        until_true "$ready_seconds" running ||
            fail "MicroK8s must get ready (not after $ready_seconds s). Look: microk8s inspect; snap services microk8s"
        until_true "$ready_seconds" applied ||
            fail "MicroK8s must apply its launch configuration, $launcher/install.yaml (not after $ready_seconds s; it goes on trying). Look: $agent
$($agent -n 6 --no-pager 2>/dev/null || :)"
        [ "$role" = worker ] || authorized
        put "$etc/ready" "$channel"
        rm -f "$config"
    fi
    # The name that kubelet registers.
    self
}
authorized() {
    grep -q -- '^--authorization-mode=RBAC,Node' /var/snap/microk8s/current/args/kube-apiserver ||
        fail "the API server must run with --authorization-mode=RBAC,Node (it does not). Look: /var/snap/microk8s/current/args/kube-apiserver; $agent"
}

join_node() {
    role=$1
    ours && installed || fail "must run MicroK8s of this stack. Run pulumi up again."
    if [ -e "$etc/joined" ]; then
        # A control plane that restarts does not answer for a moment.
        until_true 60 member || fail "must be in the cluster (it has left it, or was reset). Put another host in its place; or, if it is a worker, take it out of cluster.nodes, run pulumi up, and put it back."
        return 0
    fi
    # Of a join that was cut off nobody knows how far it came, and a second one on top of it does harm.
    if [ -e "$etc/joining" ] && member; then leave_cluster; fi
    ! member || fail "must be alone before it joins (it is in a cluster). Look: microk8s status; microk8s kubectl get nodes"
    put "$etc/joining" "${url%%/*}"
    token=${url#*/} token=${token%%/*}
    case $role in worker) as=--worker ;; *) as= ;; esac
    slowly microk8s join "$url" $as ||
        fail "must be able to join the cluster at ${url%%/*} ($(last_line | sed "s|$token|…|g")). Look there, and here: $agent"
    until_true "$ready_seconds" member ||
        fail "must be in the cluster after it has joined (not after $ready_seconds s). Look: microk8s status; $agent"
    [ "$role" = worker ] || authorized
    put "$etc/joined" "${url%%/*}"
    rm -f "$etc/joining"
}
# Of the node that starts the cluster: it has joined nobody.
start_cluster() {
    ours && installed || fail "must run MicroK8s of this stack. Run pulumi up again."
    [ -e "$etc/joined" ] || put "$etc/joined" -
}

# Another stack's, or made again under another name in the config: not ours to remove.
left_alone() {
    [ -e "$etc/owner" ] || return 1
    ours && { [ ! -e "$etc/place" ] || [ "$(mark place)" = "$where" ]; } && return 1
    echo "left alone: this is $(mark owner)'s node $(mark place) now" >&2
}
leave_cluster() {
    slowly microk8s leave ||
        fail "must be able to leave the cluster ($(last_line)). The last voter cannot: make another node a member first. Look: microk8s status; $agent"
    until_true "$ready_seconds" running ||
        fail "MicroK8s must get ready after it has left the cluster (not after $ready_seconds s). Look: microk8s inspect"
}
leave() {
    role=$1
    ! left_alone && [ -e "$etc/owner" ] && installed || return 0
    # Who does not leave in order stays a data store that the others wait for.
    [ "$role" = worker ] || until_true 60 kubectl get nodes ||
        fail "the API server must answer, so that the node leaves in order (not after 60 s). Look: microk8s status. If the cluster is lost: snap remove --purge microk8s, and run pulumi again."
    member || return 0
    leave_cluster
    rm -f "$etc/joined"
}
remove() {
    left_alone && return 0
    [ -e "$etc/owner" ] || return 0
    if installed; then
        slowly snap remove --purge microk8s ||
            fail "must be able to remove MicroK8s ($(last_line)). Look: snap changes"
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
