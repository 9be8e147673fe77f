#!/bin/sh
# Runs as root on a host that the server runs on. Arguments: host, owner, install|remove.
# server-firewall.ts sets $rules, the rules for nft. @TABLE@: family and name of their table.
: "${rules?}"

umask 077
where=$1 owner=$2
etc=/etc/alpa-auth-firewall unit=alpa-auth-firewall.service
unit_file=/etc/systemd/system/$unit

fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
nft=$(command -v nft) || fail "nft is missing. Run there: apt-get install nftables. Then run pulumi again."

install_rules() {
    [ -d /run/systemd/system ] || fail "must run Linux with systemd. Remove firewall.hosts, and load the rules there by hand."
    [ ! -e "$etc/owner" ] || [ "$(cat "$etc/owner")" = "$owner" ] ||
        fail "this host has firewall rules of another stack, $(cat "$etc/owner"). If this stack had that name, rename it back: pulumi stack rename. Otherwise remove the host from that stack."
    mkdir -p "$etc"
    echo "$owner" >"$etc/owner"
    echo "$where" >"$etc/place"
    printf '%s\n' "$rules" >"$etc/next.nft"
    # One transaction.
    said=$("$nft" -f "$etc/next.nft" 2>&1) ||
        fail "nft rejects the rules ($(echo "$said" | head -n 1)). The previous rules are in force. Run: nft -f $etc/next.nft"
    mv -f "$etc/next.nft" "$etc/rules.nft"
    # Loads the rules before the network is up, and after each start, stop or reload of nftables.service, which flushes all tables.
    echo "[Unit]
Description=alpa-auth: who may reach the server on this host
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$nft -f $etc/rules.nft
ExecReload=$nft -f $etc/rules.nft
ExecStop=-$nft delete table @TABLE@

[Install]
WantedBy=sysinit.target nftables.service" >"$unit_file"
    chmod 644 "$unit_file"
    systemctl daemon-reload
    systemctl enable --now "$unit" >/dev/null 2>&1 || fail "could not start $unit. Without it the rules are gone after a reboot. Run: journalctl -u $unit"
}
remove_rules() {
    . ../return-unless-owned.sh
    if [ -e "$unit_file" ]; then
        # Stopping the unit deletes the table.
        systemctl disable --now "$unit" >/dev/null 2>&1 || fail "$unit did not stop. Run: systemctl status $unit"
    fi
    rm -rf "$unit_file" "${etc:?}"
    systemctl daemon-reload
}

"${3}_rules"
