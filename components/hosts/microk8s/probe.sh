#!/bin/sh
# Runs as root, prints facts about the host, and changes nothing. The clock is last, so that it is current when it arrives.

. ./functions.sh

. ./taken-ports.sh

say() { printf '%s=%s\n' "$1" "$2"; }
say system "$( (. /etc/os-release && echo "$ID") 2>/dev/null || :)"
say systemName "$( (. /etc/os-release && echo "$PRETTY_NAME") 2>/dev/null || uname -s)"
# shellcheck disable=SC2018,SC2019 # names of hosts are ASCII
say hostname "$(hostname | tr 'A-Z' 'a-z')"
say machine "$(cat /etc/machine-id 2>/dev/null || :)"
say owner "$(mark owner)"
say role "$(mark role)"
say sans "$(mark sans)"
[ ! -e "$etc/joined" ] || say joined yes
if command -v snap >/dev/null; then
    say snapd yes
    if installed; then
        say channel "$(snap list microk8s | awk 'NR == 2 { print $4 }')"
        if [ ! -e "$etc/owner" ]; then
            case $(microk8s status 2>&1) in *"acting as a node in a cluster"*) say clustered yes ;; esac
            [ "$(kubectl get nodes -o name 2>/dev/null | wc -l)" -le 1 ] || say clustered yes
        elif ours && [ -e "$etc/joined" ] && said=$(microk8s config 2>/dev/null); then
            [ -e "$etc/complete" ] && key=kubeconfig || key=spareKubeconfig
            case $said in apiVersion:*) say "$key" "$(printf '%s\n' "$said" | base64 | tr -d '\n')" ;; esac
        fi
    else taken_ports | while IFS= read -r line; do say taken "$line"; done; fi
fi
say clock "$(date +%s)"
