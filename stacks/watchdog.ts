import { AlpaWatchdog, type AlpaWatchdogArgs } from "../components/hosts/watchdog/alpa-watchdog";

/** Has Alpa's progress watched on its hosts, where that is asked for. */
export function watchdogOf(settings: AlpaWatchdogArgs | undefined): void {
    if (settings !== undefined) new AlpaWatchdog("alpa-watchdog", settings);
}
