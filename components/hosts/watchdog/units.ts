import { PAUSE_SECONDS } from "./progress";

/** Name of everything of the watchdog on a host: its service, timer and folder. */
export const WATCHDOG = "alpa-auth-watchdog";
/** What the last look has found: readable for every user of the host, and gone when it restarts. */
export const STATE_FILE = `/run/${WATCHDOG}/state`;

/** One look at Alpa. It lasts as long as Alpa needs: see look.sh. It is root, which may restart a service. */
export const SERVICE_TEXT = `[Unit]
Description=alpa-auth: whether Alpa on this host makes progress

[Service]
Type=oneshot
ExecStart=/bin/bash /etc/${WATCHDOG}/look.sh
TimeoutStartSec=infinity
NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=full
`;

/** The next look, after the end of the last one, also where that one has failed. */
export const TIMER_TEXT = `[Unit]
Description=alpa-auth: looks whether Alpa on this host makes progress

[Timer]
OnActiveSec=1s
OnUnitInactiveSec=${PAUSE_SECONDS}s
AccuracySec=1s

[Install]
WantedBy=timers.target
`;
