import { PAUSE_SECONDS } from "./progress";

/** Name of the watchdog's service, timer and folder on a host. */
export const WATCHDOG = "alpa-auth-watchdog";

/** Service for one check of Alpa. It has no time limit (check-progress.sh limits itself), and runs as root to restart a service. */
export const SERVICE_TEXT = `[Unit]
Description=alpa-auth: whether Alpa on this host makes progress

[Service]
Type=oneshot
ExecStart=/bin/bash /etc/${WATCHDOG}/check-progress.sh
TimeoutStartSec=infinity
NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=full
`;

/** Timer that starts a check some time after the previous check has ended or failed. */
export const TIMER_TEXT = `[Unit]
Description=alpa-auth: checks whether Alpa on this host makes progress

[Timer]
OnActiveSec=1s
OnUnitInactiveSec=${PAUSE_SECONDS}s
AccuracySec=1s

[Install]
WantedBy=timers.target
`;
