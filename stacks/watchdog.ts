import { AlpaWatchdog, type AlpaWatchdogArgs } from "../components/hosts/watchdog/alpa-watchdog";

/** Installs the watchdog on Alpa's hosts, if it is configured. */
export function watchdogOf(settings: AlpaWatchdogArgs | undefined): void {
    if (settings !== undefined) new AlpaWatchdog("alpa-watchdog", settings);
}
