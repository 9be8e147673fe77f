#!/bin/sh
# Installs MicroK8s on a host, and joins the cluster. What is done is skipped, so that the next run completes an interrupted one.
# Prints the node's name in the cluster, and the fingerprint by which a node that joins it recognizes it.
# node.sh sets:
: "${etc?}" "${common?}" "${where?}" "${owner?}" "${launch?}" "${url?}" "${agent?}"

channel=$2 pods=$3
# The installation of an interrupted run may still be in progress.
snap watch --last=install >/dev/null 2>&1 || :
why=$(problem "$channel" "$pods")
[ -z "$why" ] || fail "$why"
if ! installed; then
    mkdir -p "$etc" "$common"
    echo "$owner" >"$etc/owner"
    echo "$pods" >"$etc/pods"
    printf '%s\n' "$launch" >"$common/.microk8s.yaml"
    said=$(snap install microk8s --classic "--channel=$channel" 2>&1) ||
        fail "could not install MicroK8s of channel $channel ($(end "$said")). Run: snap changes; snap info microk8s"
fi
echo "$where" >"$etc/place"
if [ ! -e "$etc/joined" ]; then
    # snapd refreshes MicroK8s up to four times a day, and each refresh restarts the node.
    said=$(snap refresh --hold microk8s 2>&1) ||
        fail "could not hold refreshes of MicroK8s ($(end "$said")). This needs snapd 2.58 or newer. Run: snap refresh snapd"
    microk8s status --wait-ready --timeout 600 >/dev/null 2>&1 && within 600 [ -e "$common/etc/launcher/install.yaml.applied" ] ||
        fail "MicroK8s was not ready after 600 s. Run: microk8s inspect; $agent"
    if [ -n "$url" ]; then
        . ./join.sh
    fi
    # Without these modes the API server grants every permission to every token.
    grep -q -- '^--authorization-mode=RBAC,Node' /var/snap/microk8s/current/args/kube-apiserver ||
        fail "the API server does not run with --authorization-mode=RBAC,Node. MicroK8s may have read /etc/microk8s.yaml: move that file away. Then run: snap remove --purge microk8s, and pulumi up again."
    said=$(kubectl wait --for=condition=Ready "node/$(self)" --timeout=600s 2>&1) ||
        fail "the node was not ready after 600 s ($(end "$said")). Run: microk8s kubectl describe node $(self)"
    echo yes >"$etc/joined"
fi
said=$(microk8s add-node --token-ttl 1 --format token-check) || fail "MicroK8s printed no fingerprint. Run: microk8s status"
echo "$(self) ${said##*/}"
