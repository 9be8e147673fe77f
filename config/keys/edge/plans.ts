import { DEFAULT_PROXY_TIMEOUT, PLANS, type Plan } from "./schema";
import { at, type Problems } from "../../cross-check";

/** Longest window of a rate limit in each plan, in seconds (Cloudflare's table of rate limiting rules). */
const LONGEST_WINDOW: Record<Plan, number> = { free: 10, pro: 60, business: 600, enterprise: 3600 };

interface Asked {
    zone?: { plan?: Plan };
    rateLimit?: { perSeconds?: number };
    proxyTimeoutSeconds?: number;
}

/** Reports settings that the plan does not include. */
export function* planProblems({ zone, rateLimit, proxyTimeoutSeconds = DEFAULT_PROXY_TIMEOUT }: Asked): Problems {
    const has = zone?.plan;
    if (has === undefined) return;
    const window = rateLimit?.perSeconds ?? 0;
    const least = PLANS.find((one) => window <= LONGEST_WINDOW[one]);
    if (window > LONGEST_WINDOW[has] && least)
        yield at(
            ["rateLimit", "perSeconds"],
            `must be at most ${LONGEST_WINDOW[has]} with plan ${has} (got ${window}). Lower it, or order plan ${least}.`,
        );
    if (proxyTimeoutSeconds !== DEFAULT_PROXY_TIMEOUT && has !== "enterprise")
        yield at(
            ["proxyTimeoutSeconds"],
            `must be ${DEFAULT_PROXY_TIMEOUT} with plan ${has} (got ${proxyTimeoutSeconds}). Another value needs plan enterprise.`,
        );
}
