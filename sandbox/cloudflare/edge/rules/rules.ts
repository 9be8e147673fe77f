/**
 * WAF custom rules and rate limits: the phases `http_request_firewall_custom` and `http_ratelimit`, both before Access.
 * Facts: rules run in order; `block` ends the request; `skip` omits the rest of the ruleset, later phases or the browser check;
 * `log` only logs. A rate limit has one counter for each combination of values of its characteristics. If there are more than
 * `requests_per_period` requests in `period` seconds, it blocks for `mitigation_timeout` seconds, with 429 and error 1015 or
 * the rule's own response.
 *
 * Unsupported: challenges, managed rules, counting by the origin's answer, scores, separate counters per data center (the edge
 * has only one).
 */
import type { Account } from "../../account";
import { FREE_EXPRESSION_FIELDS } from "../../account-limits";
import type { Plan, Ruleset, RulesetRule } from "../../objects";
import { BROWSER_CHECK, browserCheck } from "../browser-check";
import { numberedError } from "../pages";
import { Unsupported, type EdgeAnswer, type EdgeRequest } from "../types";
import { evaluate, readExpression, valueOf } from "./evaluate";
import { fieldsOf, parseExpression, type Expression } from "./parse";

const CUSTOM = "http_request_firewall_custom";
const RATE_LIMIT = "http_ratelimit";
/** The supported phases. A ruleset of another phase is accepted only without rules. */
const BEFORE_ACCESS = [CUSTOM, RATE_LIMIT];

/** Parameters of the action `skip`. If the action names a product that the edge does not emulate, the name has no effect. */
interface Skip {
    ruleset?: string;
    phases?: string[];
    products?: string[];
}

interface Counter {
    windowEnds: number;
    count: number;
    blockedUntil: number;
}

export class Rules {
    private readonly counters = new Map<string, Counter>();
    private readonly parsed = new Map<string, Expression>();

    constructor(
        private readonly account: Account,
        private readonly log: (line: string) => void,
    ) {}

    /** @returns the answer that ends the request; undefined if the request continues */
    run(request: EdgeRequest): EdgeAnswer | undefined {
        const rulesets = [...this.account.rulesets.values()].filter((r) => r.zone_id === request.zone.id);
        const skipped = new Set<string>();
        for (const phase of BEFORE_ACCESS) {
            const ruleset = rulesets.find((r) => r.phase === phase && r.kind === "zone");
            const rules = skipped.has(phase) ? undefined : ruleset;
            const answer =
                phase === CUSTOM
                    ? ((rules && this.custom(rules, request, skipped)) ??
                      (skipped.has(BROWSER_CHECK) ? undefined : browserCheck(request)))
                    : rules && this.rateLimit(rules, request);
            if (answer) return answer;
        }
        const other = rulesets.find((r) => !BEFORE_ACCESS.includes(r.phase) && r.rules.some((rule) => rule.enabled));
        if (other) throw new Unsupported(`rules in the phase ${other.phase}`);
        return undefined;
    }

    private custom(ruleset: Ruleset, request: EdgeRequest, skipped: Set<string>): EdgeAnswer | undefined {
        for (const rule of ruleset.rules) {
            if (!rule.enabled || !evaluate(this.expression(rule.expression), request)) continue;
            if (rule.action === "log") this.log(`edge: rule ${rule.ref} matched ${request.hostname}${request.path}`);
            else if (rule.action === "block") return blocked(rule, request, 403, 1020, "Access denied");
            else if (rule.action === "skip") {
                const { ruleset: rest, phases = [], products = [] } = (rule.action_parameters ?? {}) as Skip;
                for (const name of [...phases, ...products]) skipped.add(name);
                if (rest === "current") return undefined;
            } else throw new Unsupported(`the action ${rule.action} of the rule ${rule.ref}`);
        }
        return undefined;
    }

    private rateLimit(ruleset: Ruleset, request: EdgeRequest): EdgeAnswer | undefined {
        for (const rule of ruleset.rules) {
            if (!rule.enabled) continue;
            const limit = rule.ratelimit;
            if (!limit?.requests_per_period || limit.requests_to_origin) {
                throw new Unsupported(
                    `the rate limit ${rule.ref} with requests_to_origin, or without requests_per_period`,
                );
            }
            if (!["block", "log"].includes(rule.action)) {
                throw new Unsupported(`the action ${rule.action} of the rule ${rule.ref}`);
            }
            const matches = this.expression(rule.expression);
            const counts = limit.counting_expression ? this.expression(limit.counting_expression) : matches;
            refuseFields(rule, [...fieldsOf(matches), ...fieldsOf(counts)], request.zone.plan);
            const key = [rule.id, ...limit.characteristics.map((name) => this.characteristic(name, request))].join(
                "\n",
            );
            const over = evaluate(counts, request) ? this.count(key, limit) : this.isBlocked(key);
            if (!over || !evaluate(matches, request)) continue;
            if (rule.action === "log") this.log(`edge: rate limit ${rule.ref} is exceeded by ${request.ip}`);
            else return blocked(rule, request, 429, 1015, "You are being rate limited", this.secondsLeft(key));
        }
        return undefined;
    }

    private count(key: string, limit: NonNullable<RulesetRule["ratelimit"]>): boolean {
        const now = this.account.now().getTime();
        let counter = this.counters.get(key);
        if (!counter || (now >= counter.windowEnds && now >= counter.blockedUntil)) {
            counter = { windowEnds: now + limit.period * 1000, count: 0, blockedUntil: 0 };
            this.counters.set(key, counter);
        }
        if (now < counter.blockedUntil) return true;
        if (++counter.count <= (limit.requests_per_period ?? 0)) return false;
        counter.blockedUntil =
            limit.mitigation_timeout > 0 ? now + limit.mitigation_timeout * 1000 : counter.windowEnds;
        return true;
    }

    private isBlocked(key: string): boolean {
        return this.account.now().getTime() < (this.counters.get(key)?.blockedUntil ?? 0);
    }
    private secondsLeft(key: string): number {
        return Math.ceil(((this.counters.get(key)?.blockedUntil ?? 0) - this.account.now().getTime()) / 1000);
    }

    private characteristic(name: string, request: EdgeRequest): string {
        const expression = parseExpression(name);
        if (expression.kind !== "truthy") throw new Unsupported(`the characteristic ${name}`);
        return String(valueOf(expression.of, request) ?? "");
    }

    private expression(text: string): Expression {
        const found = this.parsed.get(text);
        if (found) return found;
        const parsed = readExpression(text);
        this.parsed.set(text, parsed);
        return parsed;
    }
}

function refuseFields(rule: RulesetRule, fields: string[], plan: Plan): void {
    const headers = rule.ratelimit?.characteristics.filter((name) => name.startsWith("http.request.headers")) ?? [];
    if (headers.length > 0 && plan !== "enterprise") {
        throw new Unsupported(
            `the characteristic ${headers[0]} of the rule ${rule.ref}: plan ${plan} does not allow headers as characteristics`,
        );
    }
    const beyond = plan === "free" ? fields.find((name) => !FREE_EXPRESSION_FIELDS.includes(name)) : undefined;
    if (beyond) throw new Unsupported(`the field ${beyond} of the rule ${rule.ref}: plan free does not include it`);
}

/**
 * The answer of a blocking rule: the one in `action_parameters.response {status_code, content_type, content}`, or Cloudflare's
 * page.
 */
function blocked(
    rule: RulesetRule,
    request: EdgeRequest,
    status: number,
    code: number,
    title: string,
    retryAfter?: number,
): EdgeAnswer {
    const own = (rule.action_parameters as { response?: Record<string, unknown> } | undefined)?.response;
    const headers: [string, string][] = retryAfter === undefined ? [] : [["Retry-After", String(retryAfter)]];
    if (!own) return numberedError(status, code, title, request, headers);
    return {
        status: Number(own.status_code ?? status),
        headers,
        type: String(own.content_type ?? "text/plain"),
        body: String(own.content ?? ""),
    };
}
