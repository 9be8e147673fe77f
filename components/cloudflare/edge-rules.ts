import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { owner } from "../kubernetes/ownership";
import type { Meaning } from "../meaning/plain";

export type Plan = "free" | "pro" | "business" | "enterprise";

export interface RateLimit {
    requests: number;
    /** Length of the window, in seconds, and how long the edge rejects a caller that has exceeded the limit. */
    perSeconds: number;
}

export interface EdgeRulesArgs {
    /** What it is, for the inputs of the component. Unset if a parent's inputs contain it. */
    meaning?: Meaning;
    zoneId: pulumi.Input<string>;
    hostnames: string[];
    plan: Plan;
    /** Paths that the rate limit counts with plan free. Default: none, without a rate limit. */
    rateLimited?: string[];
    /** Rate limit. Default: none. */
    rateLimit?: RateLimit;
    browserChecks: "skip" | "keep";
    /**
     * Longest wait of the edge for the first byte of an answer, in seconds, for the whole zone. Default: the zone's setting
     * is not changed. Removing the value does not reset it, since Cloudflare cannot delete a setting.
     */
    proxyTimeoutSeconds?: number;
}

/** Phases of the rulesets. A zone has one ruleset for each phase. */
export const RATE_LIMIT_PHASE = "http_ratelimit";
export const CUSTOM_PHASE = "http_request_firewall_custom";

/** Rules of the edge that run before Access. */
export class EdgeRules extends pulumi.ComponentResource {
    constructor(name: string, args: EdgeRulesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:EdgeRules", name, args.meaning ?? {}, opts);
        const { zoneId, rateLimit, proxyTimeoutSeconds } = args;
        const ruleset = (role: string, phase: string, rules: cloudflare.types.input.RulesetRule[]) =>
            new cloudflare.Ruleset(
                `${name}-${role}`,
                { zoneId, name: owner(), kind: "zone", phase, rules },
                // Cloudflare rejects a second ruleset for the same phase.
                { parent: this, deleteBeforeReplace: true },
            );

        if (args.browserChecks === "skip") ruleset("browser-checks", CUSTOM_PHASE, [renderSkip(args.hostnames)]);
        if (rateLimit) ruleset("rate-limit", RATE_LIMIT_PHASE, [renderRateLimit(rateLimit, args)]);
        if (proxyTimeoutSeconds !== undefined)
            new cloudflare.ZoneSetting(
                `${name}-proxy-timeout`,
                { zoneId, settingId: "proxy_read_timeout", value: proxyTimeoutSeconds },
                { parent: this },
            );
        this.registerOutputs({});
    }
}

/** Exempts programs from browser checks: without this rule some clients get 403 (`error code: 1010`) before Access. */
export function renderSkip(hostnames: string[]) {
    return {
        // Without a fixed `ref`, each change would create a new rule.
        ref: "alpa_auth_skip_browser_checks",
        description: "Callers are programs: no browser checks",
        action: "skip",
        actionParameters: { products: ["bic", "securityLevel"] },
        expression: hostIs(hostnames),
        enabled: true,
    };
}

/** Answer to a rejected request, in the format that Alpa's client reads. */
const TOO_MANY = {
    statusCode: 429,
    contentType: "application/json",
    content: JSON.stringify({ type: "error", message: "Too many requests. Try again later.", stacktrace: "" }),
};

export function renderRateLimit(
    limit: RateLimit,
    { hostnames, plan, rateLimited = [] }: Pick<EdgeRulesArgs, "hostnames" | "plan" | "rateLimited">,
) {
    // On the free plan a rule can only match the path, and cannot set the answer to rejected requests.
    const free = plan === "free";
    return {
        ref: "alpa_auth_rate_limit",
        description: `${limit.requests} requests in ${limit.perSeconds} s for each address`,
        action: "block",
        ...(!free && { actionParameters: { response: TOO_MANY } }),
        expression: free ? `(http.request.uri.path ${among(rateLimited)})` : hostIs(hostnames),
        enabled: true,
        ratelimit: {
            // Cloudflare requires separate counts for each data center.
            characteristics: ["cf.colo.id", "ip.src"],
            period: limit.perSeconds,
            requestsPerPeriod: limit.requests,
            mitigationTimeout: limit.perSeconds,
        },
    };
}

const among = (texts: string[]) => `in {${texts.map((text) => `"${text}"`).join(" ")}}`;

function hostIs(hostnames: string[]): string {
    return `(http.host ${hostnames.length === 1 ? `eq "${hostnames[0]}"` : among(hostnames)})`;
}
