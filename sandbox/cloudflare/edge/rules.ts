/**
 * The rules before Access: the phase `http_request_firewall_custom`, Browser Integrity Check, and the phase `http_ratelimit`.
 * Facts: `block` ends the request; `skip` omits products. A rate limit has one counter for each address of a caller. If there
 * are more than `requests_per_period` requests in `period` seconds, it blocks for `mitigation_timeout` seconds, with 429 and
 * error 1015 or the rule's own response.
 *
 * Browser Integrity Check is on in every new zone and rejects with 403 and error 1010. Cloudflare does not publish its criteria.
 * Emulated: a request with the user agent of Python's own HTTP library is rejected. Owners of zones have reported that such
 * requests are rejected, and that requests by curl, by Node.js and without a user agent pass.
 *
 * Unsupported: expressions that this project does not write. The API rejects other actions, parameters and phases.
 */
import type { Account, RulesetRule } from "../account";
import { settingOf } from "../settings";
import { numberedError, Unsupported, values, type EdgeAnswer, type EdgeRequest } from "./types";

const EXPRESSION = /^\(?(http\.host|http\.request\.uri\.path) (?:eq ("[^"\\]*")|in \{((?:"[^"\\]*" ?)+)\})\)?$/;

/** A rule with its parsed expression. @throws Unsupported */
export class Rule {
    private readonly field: "hostname" | "path";
    private readonly values: string[];

    constructor(readonly rule: Omit<RulesetRule, "ref">) {
        const [, field, one, several] = EXPRESSION.exec(rule.expression) ?? [];
        if (field === undefined) throw new Unsupported(`the expression ${rule.expression}`);
        this.field = field === "http.host" ? "hostname" : "path";
        this.values = [...(one ?? several).matchAll(/"([^"]*)"/g)].map(([, text]) => text);
    }

    matches(request: EdgeRequest): boolean {
        return this.rule.enabled && this.values.includes(request[this.field]);
    }
}

export class Rules {
    private readonly counters = new Map<string, { windowEnds: number; count: number; blockedUntil: number }>();

    constructor(private readonly account: Account) {}

    /** @returns the answer that ends the request; undefined if the request continues */
    run(request: EdgeRequest): EdgeAnswer | undefined {
        const skipped: string[] = [];
        for (const rule of this.matching("http_request_firewall_custom", request)) {
            if (rule.action === "block") return blocked(rule, numberedError(403, 1020, "Access denied", request));
            skipped.push(...(rule.action_parameters?.products ?? []));
        }
        const isChecked = settingOf(request.zone, "browser_check") === "on" && !skipped.includes("bic");
        const agents = values(request.headers, "user-agent");
        if (isChecked && agents.some((agent) => agent.startsWith("Python-urllib/")))
            return numberedError(403, 1010, "Access denied", request);
        for (const rule of this.matching("http_ratelimit", request)) {
            const seconds = this.count(rule, request);
            if (seconds === undefined) continue;
            const own = numberedError(429, 1015, "You are being rate limited", request);
            return { ...blocked(rule, own), headers: [["Retry-After", String(seconds)]] };
        }
        return undefined;
    }

    private matching(phase: string, request: EdgeRequest): RulesetRule[] {
        const all = [...this.account.rulesets.values()];
        const ruleset = all.find((one) => one.zone_id === request.zone.id && one.phase === phase);
        return (ruleset?.rules ?? []).filter((rule) => new Rule(rule).matches(request));
    }

    /** Counts a request. @returns the seconds for which it is blocked; undefined if it is within the limit */
    private count({ id, ratelimit }: RulesetRule, { ip }: EdgeRequest): number | undefined {
        const { period, requests_per_period, mitigation_timeout } = ratelimit!;
        const now = this.account.now().getTime();
        const key = `${id} ${ip}`;
        let counter = this.counters.get(key);
        if (!counter || (now >= counter.windowEnds && now >= counter.blockedUntil)) {
            counter = { windowEnds: now + period * 1000, count: 0, blockedUntil: 0 };
            this.counters.set(key, counter);
        }
        if (now >= counter.blockedUntil) {
            if (++counter.count <= requests_per_period) return undefined;
            counter.blockedUntil = mitigation_timeout > 0 ? now + mitigation_timeout * 1000 : counter.windowEnds;
        }
        return Math.ceil((counter.blockedUntil - now) / 1000);
    }
}

/** The answer of a blocking rule: its own `action_parameters.response`, or Cloudflare's. */
function blocked({ action_parameters }: RulesetRule, otherwise: EdgeAnswer): EdgeAnswer {
    const own = action_parameters?.response;
    return own ? { status: own.status_code, type: own.content_type, body: own.content } : otherwise;
}
