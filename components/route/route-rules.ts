import type { GuardSettings } from "./request-guard";
import { ALPA_PATHS, servedPrefixes, type AlpaPath } from "../alpa/paths";
import {
    completionsUpstream,
    CONNECT_SECONDS,
    logprobsUpstream,
    renderUpstream,
    timeouts,
    upstreamName,
    type AlpaSettings,
} from "./alpa-upstreams";
import {
    alpaChain,
    closedChain,
    queryStringChain,
    serviceChain,
    toHttps,
    type Observed,
    type Passing,
} from "./plugin-chain";
import type { ClassSettings } from "./caller-classes";
import type { RoutePlugin } from "./route-plugin";

/**
 * Upstream of the rules whose requests the gateway answers itself. Every rule requires an upstream, but nothing listens on
 * port 1 of the gateway's own pod. So a gateway that does not run the answering plugin returns 502 and sends nothing to
 * Alpa.
 */
export const NOWHERE = "127.0.0.1:1";

/** Inputs of the rules of the ApisixRoute. */
export interface RouteRules extends ClassSettings {
    namespace: string;
    guard: GuardSettings;
    ingressClassName: string;
    answerTimeoutSeconds: number;
    /** Whether to reject requests to all other paths. False at a gateway that serves other routes. */
    ownGateway: boolean;
    /** Path prefix in the output `url`. @default `/alpa`, which every stack serves */
    pathPrefix?: string;
    /** TLS of the gateway, and whether it redirects HTTP. Default: none, HTTP only. */
    tls?: { redirect: boolean };
    /** Callers get 503 with this Retry-After. Default: the route is open. */
    refused?: Passing["refused"];
    /** Settings of the gateway's access log and metrics. Default: none. */
    observed?: Observed;
    /** Limits in tokens, by the name of the caller. Alpa has none. */
    tokenLimits?: Record<string, { maxTokens: number; tokens?: number }>;
    /** Revision of the rules, for a header of error answers. @default no such header */
    revision?: string;
}

/**
 * Spec of the ApisixRoute. It opens the two paths of Alpa and the service description, and rejects all other paths and query
 * strings.
 */
export function renderRoute(rules: RouteRules) {
    const { guard, ownGateway, tls, observed, revision } = rules;
    const [prefix] = servedPrefixes(rules.pathPrefix);
    const answers = { revision, tls: tls !== undefined, observed };
    return {
        ingressClassName: rules.ingressClassName,
        http: [
            ...ALPA_PATHS.map((path) => openRule(path, rules)),
            answeredRule(
                "query-string",
                { paths: below(rules, ...ALPA_PATHS.map((path) => `/${path}`)), methods: ["POST"] },
                -1,
                queryStringChain(answers),
                tls,
            ),
            answeredRule(
                "closed",
                { paths: ownGateway ? ["/*"] : below(rules, "", "/*") },
                -10,
                closedChain(prefix, answers),
                tls,
            ),
            answeredRule(
                "service",
                { paths: below(rules, "/"), methods: ["GET"], exprs: NO_QUERY },
                0,
                serviceChain(prefix, guard.defaultModel, answers),
                tls,
            ),
        ],
    };
}

export const NO_QUERY = [{ subject: { scope: "Variable", name: "args" }, op: "RegexNotMatch", value: "." }];

/** Adds each served prefix to each of the given paths. */
function below({ pathPrefix }: RouteRules, ...paths: string[]): string[] {
    return servedPrefixes(pathPrefix).flatMap((prefix) => paths.map((path) => `${prefix}${path}`));
}

export const redirect = (tls: RouteRules["tls"]) => (tls?.redirect ? [toHttps()] : []);

/** A rule that routes to Alpa. */
function openRule(role: AlpaPath, rules: RouteRules) {
    const { namespace, guard, answerTimeoutSeconds, tls, refused, observed, revision, classes, counters } = rules;
    const answers = { revision, tls: tls !== undefined, observed };
    return {
        name: role,
        match: { paths: below(rules, `/${role}`), methods: ["POST"], exprs: NO_QUERY },
        timeout: timeouts(answerTimeoutSeconds),
        upstreams: [{ name: upstreamName(role) }],
        plugins: [
            ...redirect(tls),
            ...alpaChain(`/${role}`, namespace, guard, { refused, classes, counters, ...answers }),
        ],
    };
}

/** A rule whose requests the gateway answers itself. */
export function answeredRule(
    name: string,
    match: object,
    priority: number,
    plugins: RoutePlugin[],
    tls: RouteRules["tls"],
) {
    return {
        name,
        priority,
        match,
        upstreams: [{ name: "alpa-nowhere" }],
        plugins: [...redirect(tls), ...plugins],
    };
}

/** Spec of each ApisixUpstream, by its name without `alpa-`. */
export function renderUpstreams(alpa: AlpaSettings) {
    return {
        completions: completionsUpstream(alpa),
        logprobs: logprobsUpstream(alpa),
        nowhere: renderUpstream([{ address: NOWHERE, weight: 1 }], CONNECT_SECONDS),
    };
}
