import { answerHeaders, hsts } from "./answer-headers";
import { classPlugins, type ClassSettings } from "./caller-classes";
import { guardPlugins, type GuardSettings } from "./request-guard";
import { incomingHeaders } from "./header-checks";
import { REMOVED_HEADERS } from "./removed-headers";
import { NAME_CALLER } from "./name-caller";
import { REVISION_HEADER } from "../apisix/gateway-pods";
import { alpaError, OVER_LIMIT, PAGE_429, plugin, type RoutePlugin } from "./route-plugin";
import { ALPA_PATHS, type AlpaPath } from "../alpa/paths";
import { serviceDescription } from "../alpa/service-description";

/**
 * Empty name of the query argument for keys and tokens, so that only headers are read: nginx drops arguments without a name.
 */
const NO_QUERY_ARGUMENT = "";
/** Name that no cookie has: the name of a cookie cannot contain this character. */
const NO_COOKIE = "=";

/**
 * Priority of the plugin: after authentication (2600) and before the guard (2390), so that an
 * unauthenticated client learns nothing about accepted bodies.
 */
const WHO_MAY = 2395;

/**
 * Authentication by a key or a token. Every route has it.
 * @param headers checks the headers before
 * @param unauthorized body of a 401
 */
export function authenticatedBy(headers: RoutePlugin, unauthorized: object | string): RoutePlugin[] {
    const key = { header: "apikey", query: NO_QUERY_ARGUMENT, hide_credentials: true };
    const token = {
        header: "authorization",
        query: NO_QUERY_ARGUMENT,
        cookie: NO_COOKIE,
        // Each claim in the list is verified and also required. A token without exp would be valid until its credential is
        // removed, so the list contains exp. It does not contain nbf, which is optional.
        claims_to_verify: ["exp"],
        hide_credentials: true,
    };
    return [
        plugin("request-id", {}),
        headers,
        plugin("multi-auth", {
            auth_plugins: [{ "key-auth": key }, { "jwt-auth": token }],
            _meta: { error_response: unauthorized },
        }),
    ];
}

const authentication = () => authenticatedBy(incomingHeaders(UNAUTHORIZED), alpaError(UNAUTHORIZED));

/** One message for every failure, since details of a rejected credential would help an attacker. */
const UNAUTHORIZED =
    "authentication required: send a valid key in the header apikey, or a valid token in Authorization";

/** Headers of the gateway's answers. */
interface AnswerSettings {
    /** See {@link shapeErrors}. */
    revision?: string;
    /** Whether the gateway serves TLS. Answers over TLS then have HSTS. */
    tls?: boolean;
    /** Access log and metrics of requests. Default: none. */
    observed?: Observed;
}

/** Settings of the gateway's access log and metrics. */
export interface Observed {
    /** Whether requests are counted, by caller, route and status. */
    counted?: boolean;
    /** Whether the access log names the caller. */
    named?: boolean;
}

/** Counts requests in the metrics, under the name of their rule. */
export function counts({ observed }: AnswerSettings): RoutePlugin[] {
    return observed?.counted ? [plugin("prometheus", { prefer_name: true })] : [];
}

/** `_meta` of the first plugin after authentication. */
export function behindAuthentication({ observed }: AnswerSettings) {
    return { priority: WHO_MAY, ...(observed?.named ? { pre_function: NAME_CALLER } : {}) };
}

/** Settings that decide which callers reach Alpa. */
export interface Passing extends AnswerSettings, ClassSettings {
    /** The only authorized consumer. Default: every declared consumer. */
    only?: string;
    /** Closes the route: callers get 503 with this Retry-After. Default: the route is open. */
    refused?: { retryAfterSeconds: number };
}

/**
 * Plugins for requests to one of Alpa's two paths.
 * @param path Alpa's own path. Every request is forwarded to exactly this path, so that an unusual spelling cannot reach a
 * different path of Alpa
 * @param namespace namespace of the declared consumers. Consumers of other namespaces may share this gateway
 */
export function alpaChain(
    path: `/${AlpaPath}`,
    namespace: string,
    guard: GuardSettings,
    { only, refused, classes, counters, ...answers }: Passing = {},
): RoutePlugin[] {
    const theirs = only === undefined ? `^${namespace}_` : `^${namespace}_${only}$`;
    return [
        ...authentication(),
        plugin("fault-injection", {
            abort: refused
                ? comeBack(refused.retryAfterSeconds)
                : abort(403, "this consumer may not use Alpa", [[["consumer_name", "!", "~~", theirs]]]),
            _meta: behindAuthentication(answers),
        }),
        ...guardPlugins(path, guard),
        ...classPlugins(path, namespace, { classes, counters }),
        plugin("proxy-rewrite", { uri: path, headers: { remove: REMOVED_HEADERS } }),
        shapeErrors(answers),
        answerHeaders(answers),
        ...counts(answers),
    ];
}

/** Answers an authenticated caller with a description of the service. */
export function serviceChain(prefix: string, model: string, answers: AnswerSettings = {}): RoutePlugin[] {
    const said = serviceDescription(prefix, model);
    return [
        ...authentication(),
        plugin("fault-injection", { abort: answer(200, said), _meta: behindAuthentication(answers) }),
        shapeErrors(answers),
        answerHeaders(answers),
        ...counts(answers),
    ];
}

/** Rejects requests with a query string: Alpa ignores it, but would write a secret in a query string into its log. */
export function queryStringChain(answers: AnswerSettings = {}): RoutePlugin[] {
    return [
        ...authentication(),
        plugin("fault-injection", {
            abort: abort(400, "no query string is accepted: send credentials in headers, and the rest as JSON"),
            _meta: behindAuthentication(answers),
        }),
        shapeErrors(answers),
        ...(answers.tls ? [hsts()] : []),
        ...counts(answers),
    ];
}

/** The plugin that redirects callers from HTTP to HTTPS. */
const REDIRECT = "redirect";

/** Priority before all other plugins of a route: a request by HTTP is redirected without authentication. */
const FIRST = 23000;

/**
 * Redirects HTTP to HTTPS: 301 for GET and HEAD, and 308 for POST. Requests with Cloudflare's header are exempt, because
 * they come from the tunnel, which uses HTTP inside the cluster. While a stack changes its exposure, a redirect would send
 * the caller to the tunnel again, in a loop.
 */
export function toHttps(): RoutePlugin {
    return plugin(REDIRECT, {
        http_to_https: true,
        _meta: { priority: FIRST, filter: [["http_cf_ray", "!", "~~", "."]] },
    });
}

/** Rejects requests to every path without a route of this project. */
export function closedChain(prefix: string, answers: AnswerSettings = {}): RoutePlugin[] {
    return [
        plugin("fault-injection", {
            abort: abort(
                404,
                `not found: the service answers ${ALPA_PATHS.map((path) => `POST ${prefix}/${path}`).join(" and ")}`,
            ),
        }),
        shapeErrors(answers),
        ...(answers.tls ? [hsts()] : []),
        ...counts(answers),
    ];
}

/**
 * Converts error answers of the gateway into the format of Alpa's errors: the pages of nginx, and the two formats of plugins.
 * Alpa's own errors match neither pattern and are not changed. A header has the revision of the rules in force.
 */
function shapeErrors(answers: AnswerSettings): RoutePlugin {
    return rewrittenErrors(answers, ERROR_FILTERS);
}

/** Rewrites error answers with these filters of `response-rewrite`. */
export function rewrittenErrors({ revision }: AnswerSettings, filters: object[]): RoutePlugin {
    return plugin("response-rewrite", {
        vars: [["status", ">=", 400]],
        headers: {
            set: {
                "Content-Type": "application/json",
                ...(revision === undefined ? {} : { [REVISION_HEADER]: revision }),
            },
        },
        filters,
    });
}

/** Filters for nginx's pages and plugins' errors. */
const ERROR_FILTERS = [
    [`^\\s*${PAGE_429}$`, "jos", OVER_LIMIT],
    ['^\\s*<html>\\s*<head><title>([^<"\\\\]*)</title>.*$', "jos"],
    ['^\\{"(?:message|error_msg)":"((?:[^"\\\\]|\\\\.)*)"\\}\\s*$', "jo"],
].map(([regex, options, message = "$1"]) => ({
    ...{ regex, options, scope: "once" },
    replace: JSON.stringify(alpaError(message)),
}));

/** Answers 503 after authentication, so that a request without a credential still gets 401. */
function comeBack(seconds: number) {
    const { headers, ...rest } = abort(
        503,
        `Alpa is in maintenance and cannot answer at present: try again in ${seconds} s`,
    );
    return { ...rest, headers: { ...headers, "Retry-After": `${seconds}` } };
}

function abort(status: number, message: string, vars?: unknown[]) {
    return { ...answer(status, alpaError(message)), ...(vars ? { vars } : {}) };
}

/** An answer of the plugin `fault-injection`. */
export function answer(status: number, body: object) {
    return { http_status: status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}
