import { CloudflareAccess, type CloudflareAccessArgs } from "../components/cloudflare-access";
import type { AlpaWatchdogArgs } from "../components/hosts/watchdog/alpa-watchdog";
import { watchdogOf } from "./watchdog";

/** Option cloudflare: Access at the edge, a tunnel to Alpa, no gateway. */
export function cloudflare(settings: CloudflareAccessArgs & { watchdog?: AlpaWatchdogArgs }) {
    watchdogOf(settings.watchdog);
    const auth = new CloudflareAccess("alpa", settings);
    const { url, credentials, curl, expires, nameServers, zoneStatus, ds } = auth;
    // Pulumi warns of an output without a value.
    return { url, credentials, curl, expires, nameServers, zoneStatus, ...(ds && { ds }) };
}
