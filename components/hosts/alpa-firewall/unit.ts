import { FIREWALL, TABLE } from "./rules";

/**
 * Unit that loads the rules at boot before the network is up, and again after each start, stop or reload of
 * `nftables.service`, which flushes all tables. `@nft@` is the path of nft on the host.
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
