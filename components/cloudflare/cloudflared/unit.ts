// The systemd unit on the hosts of the connectors.

/** Name of this project's files and services on a host. */
export const UNIT = "alpa-auth-cloudflared";

export interface Times {
    /** How long a stopping connector waits for its requests in progress, in seconds. cloudflared allows at most 180. */
    graceSeconds: number;
    /** Longest time from the start of a connector to its first connection to Cloudflare, in seconds. */
    startSeconds: number;
}

/** Additional seconds after the grace period until systemd kills a connector that has not ended. */
const STOP_MARGIN_SECONDS = 20;

/**
 * Template unit of the connectors of one host. The token is a systemd credential: only the service's user can read it, and
 * it is in no command line. Operators may set flags as variables (TUNNEL_TRANSPORT_PROTOCOL, …) in /etc/default.
 */
export function renderUnit({ graceSeconds, startSeconds }: Times): string {
    return `[Unit]
Description=alpa-auth connector %i (cloudflared)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
EnvironmentFile=/etc/${UNIT}/%i.env
EnvironmentFile=-/etc/default/${UNIT}
LoadCredential=token:/etc/${UNIT}/token
ExecStart=/opt/${UNIT}/%i/cloudflared --no-autoupdate tunnel --metrics \${METRICS} --grace-period ${graceSeconds}s run --token-file \${CREDENTIALS_DIRECTORY}/token
Restart=on-failure
RestartSec=5s
TimeoutStartSec=${startSeconds}
TimeoutStopSec=${graceSeconds + STOP_MARGIN_SECONDS}
DynamicUser=yes
LimitNOFILE=65536
CapabilityBoundingSet=
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK

[Install]
WantedBy=multi-user.target
`;
}
