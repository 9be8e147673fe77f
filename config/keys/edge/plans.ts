import { DEFAULT_PROXY_TIMEOUT, PLANS, type Plan } from "./schema";

/** Longest window of a rate limit in each plan, in seconds (Cloudflare's table of rate limiting rules). */
const LONGEST_WINDOW: Record<Plan, number> = { free: 10, pro: 60, business: 600, enterprise: 3600 };

interface Asked {
    zone?: { plan?: Plan };
    rateLimit?: { perSeconds?: number };
    proxyTimeoutSeconds?: number;
}

/** Reports settings that the plan does not include. */
export function planProblems({ zone, rateLimit = {}, proxyTimeoutSeconds }: Asked): string[] {
    const has = zone?.plan;
    if (has === undefined) return [];
    const problems: string[] = [];
    const { perSeconds: wanted } = rateLimit;
    if (wanted !== undefined && wanted > LONGEST_WINDOW[has]) {
        const least = PLANS.find((one) => wanted <= LONGEST_WINDOW[one]);
        if (least)
            problems.push(
                `rateLimit.perSeconds: must be at most ${LONGEST_WINDOW[has]} with plan ${has} (got ${wanted}). Lower it, or order plan ${least}.`,
            );
    }
    if (proxyTimeoutSeconds !== undefined && proxyTimeoutSeconds !== DEFAULT_PROXY_TIMEOUT && has !== "enterprise")
        problems.push(
            `proxyTimeoutSeconds: must be ${DEFAULT_PROXY_TIMEOUT} with plan ${has} (got ${proxyTimeoutSeconds}). Another value needs plan enterprise.`,
        );
    return problems;
}
