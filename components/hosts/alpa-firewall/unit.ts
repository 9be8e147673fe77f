import { FIREWALL, TABLE } from "./rules";

/**
 * Loads the rules at boot, before the network is there. `nftables.service` empties all tables whenever it starts, stops or
 * is reloaded: after it, these are loaded again. @nft@ is where the host has nft.
 */
export const UNIT_TEXT = `[Unit]
Description=alpa-auth: who may reach Alpa on this host
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
ExecStart=@nft@ -f /etc/${FIREWALL}/rules.nft
ExecReload=@nft@ -f /etc/${FIREWALL}/rules.nft
ExecStop=-@nft@ delete table ${TABLE}

[Install]
WantedBy=sysinit.target nftables.service
`;
