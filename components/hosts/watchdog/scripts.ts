// Scripts of the watchdog on Alpa's hosts.

import { progressConstants, type ProgressLimits } from "./progress";
import { scriptFile } from "../script-file";
import { quote, scriptAsRoot } from "../ssh-script";
import { SERVICE_TEXT, TIMER_TEXT, WATCHDOG } from "./units";

/** Settings of the watchdog on one host. */
export interface HostWatchdog extends ProgressLimits {
    /** Alpa's port on the host. */
    port: number;
    /** Name of the model that Alpa has registered. */
    model: string;
    /** Service to restart when Alpa makes no progress. Default: none, and the watchdog only reports. */
    restart?: {
        unit: string;
        /** Shortest time between two restarts, in seconds: long enough to load the model. */
        pauseSeconds: number;
    };
}

const renderCheck = scriptFile(__dirname, "check-progress.sh");
const AS_ROOT = scriptFile(__dirname, "install.sh")({ WATCHDOG });

/** Script of one check, which the timer starts. */
export function checkScript({ restart, ...progress }: HostWatchdog): string {
    return renderCheck({
        ...progressConstants(progress),
        WATCHDOG,
        UNIT: quote(restart?.unit ?? ""),
        RESTART_PAUSE_SECONDS: restart?.pauseSeconds ?? 0,
    }).trim();
}

/** Script for sh on a host, with the sudo password. Its arguments select installing or removing. */
export function watchdogScript(watchdog: HostWatchdog, sudoPassword?: string): string {
    const variables = {
        check_script: checkScript(watchdog),
        service_text: SERVICE_TEXT.trimEnd(),
        timer_text: TIMER_TEXT.trimEnd(),
        unit: watchdog.restart?.unit ?? "",
    };
    return scriptAsRoot(AS_ROOT, variables, sudoPassword);
}

/** Arguments for installing, which previews show. */
export function installWords({ port, idleSeconds, stuckSeconds, restart }: HostWatchdog): string[] {
    const limits = [`port=${port}`, `idle=${idleSeconds}`, `stuck=${stuckSeconds}`];
    return ["install", ...limits, ...(restart ? [`restart=${restart.unit}`, `pause=${restart.pauseSeconds}`] : [])];
}
