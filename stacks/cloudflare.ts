import { CloudflareAccess, type CloudflareAccessArgs } from "../components/cloudflare-access";

/** Option cloudflare: Access at the edge, a tunnel to Alpa, no gateway. */
export function cloudflare(settings: CloudflareAccessArgs) {
    const auth = new CloudflareAccess("alpa", settings);
    const { url, credentials, curl, expires, nameServers, zoneStatus, ds } = auth;
    // Pulumi warns of an output without a value.
    return { url, credentials, curl, expires, nameServers, zoneStatus, ...(ds && { ds }) };
}
