import { DEFAULT_PROXY_TIMEOUT, PLANS, type Plan } from "./schema";

/** Longest window and block time of a rate limit in each plan, in seconds (Cloudflare's table of rate limiting rules). */
const LONGEST_WINDOW: Record<Plan, number> = { free: 10, pro: 60, business: 600, enterprise: 3600 };
const LONGEST_BLOCK: Record<Plan, number> = { free: 10, pro: 3600, business: 86400, enterprise: 86400 };

interface Asked {
    zone?: { plan?: Plan };
    rateLimit?: { perSeconds?: number; blockSeconds?: number; per?: "address" | "client" };
    proxyTimeoutSeconds?: number;
}

/** Reports settings that the plan does not include. */
export function planProblems({ zone, rateLimit = {}, proxyTimeoutSeconds }: Asked): string[] {
    const has = zone?.plan;
    if (has === undefined) return [];
    const problems: string[] = [];
    const least = (limits: Record<Plan, number>, wanted: number) => PLANS.find((one) => wanted <= limits[one]);
    const seconds: [key: "perSeconds" | "blockSeconds", limits: Record<Plan, number>][] = [
        ["perSeconds", LONGEST_WINDOW],
        ["blockSeconds", LONGEST_BLOCK],
    ];
    for (const [key, limits] of seconds) {
        const wanted = rateLimit[key];
        if (wanted !== undefined && wanted > limits[has] && least(limits, wanted))
            problems.push(
                `rateLimit.${key}: must be at most ${limits[has]} with plan ${has} (got ${wanted}). Lower it, or order plan ${least(limits, wanted)}.`,
            );
    }
    if (rateLimit.per === "client" && has !== "enterprise")
        problems.push(
            `rateLimit.per: must be address with plan ${has} (got client). Counting by a header needs plan enterprise with Advanced Rate Limiting.`,
        );
    if (proxyTimeoutSeconds !== undefined && proxyTimeoutSeconds !== DEFAULT_PROXY_TIMEOUT && has !== "enterprise")
        problems.push(
            `proxyTimeoutSeconds: must be ${DEFAULT_PROXY_TIMEOUT} with plan ${has} (got ${proxyTimeoutSeconds}). Another value needs plan enterprise.`,
        );
    return problems;
}
