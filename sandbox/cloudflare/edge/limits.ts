/** Limits of Cloudflare's proxy by plan. Facts: Cloudflare's documentation (2026). */
import { PROXY_READ_TIMEOUT, settingOf } from "../settings";
import type { Plan, Zone } from "../objects";

const MB = 1_000_000;
export const MAX_BODY: Record<Plan, number> = {
    free: 100 * MB,
    pro: 100 * MB,
    business: 200 * MB,
    enterprise: 500 * MB,
};
export const MAX_URL = 16 * 1024;
/** Largest size of all request headers together, in bytes. */
export const MAX_HEADERS = 32 * 1024;

/**
 * Seconds without a byte from the origin after which the edge answers 524. The zone setting `proxy_read_timeout` of Enterprise
 * can raise it.
 */
export function readTimeoutSeconds(zone: Zone): number {
    return zone.plan === "enterprise" ? Number(settingOf(zone, "proxy_read_timeout")) : PROXY_READ_TIMEOUT;
}
