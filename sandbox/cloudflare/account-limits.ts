/** Largest numbers of objects in one account. Facts: account limits of Cloudflare One, 2026; contracts can raise them. */
import type { Plan } from "./account";

export const MOST = {
    applications: 500,
    serviceTokens: 50,
    policies: 500,
    tunnels: 1000,
    hostnamesPerApplication: 5,
    rulesPerApplication: 1000,
};

/**
 * Limits of rate limiting rules by plan: number of rules, longest `period` and longest block `timeout` in seconds, and the
 * characteristics allowed in `by` (unset: any).
 */
export const RATE_LIMITS: Record<Plan, { rules: number; period: number; timeout: number; by?: string[] }> = {
    free: { rules: 1, period: 10, timeout: 10, by: ["ip.src"] },
    pro: { rules: 2, period: 60, timeout: 3600, by: ["ip.src"] },
    business: { rules: 5, period: 600, timeout: 86400, by: ["ip.src", "cf.unique_visitor_id"] },
    enterprise: { rules: 100, period: 86400, timeout: 86400 },
};

/** Valid periods in seconds. A plan allows the values up to its longest period. */
export const RATE_LIMIT_PERIODS = [
    10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 240, 300, 480, 600, 900, 1200, 1800, 2400, 3600, 65535, 86400,
];

/** Fields that a rate limiting expression can use on plan Free. Pro also allows the host, and higher plans more fields. */
export const FREE_EXPRESSION_FIELDS = ["http.request.uri.path", "cf.client.bot", "cf.bot_management.verified_bot"];
