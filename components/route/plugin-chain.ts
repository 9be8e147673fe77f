import { answerHeaders, hsts } from "./answer-headers";
import { classPlugins, type ClassSettings } from "./caller-classes";
import { guardPlugins, type GuardSettings } from "./request-guard";
import { incomingHeaders } from "./incoming-headers";
import { NAME_CALLER } from "./name-caller";
import { REVISION_HEADER } from "../alpa/paths";
import { alpaError, plugin, type RoutePlugin } from "./route-plugin";
import { serviceDescription } from "../alpa/service-description";

/**
 * Headers that never reach Alpa: secrets of every authentication method, names of the caller, and addresses that the
 * caller claims. Alpa logs the first address of X-Forwarded-For; with the caller's header removed, that is the address
 * that the gateway saw.
 */
const REMOVED_HEADERS = [
    "apikey",
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "CF-Access-Client-Id",
    "CF-Access-Client-Secret",
    "CF-Access-Jwt-Assertion",
    "CF-Access-Token",
    "Cf-Access-Authenticated-User-Email",
    "X-API-KEY",
    "X-Access-Token",
    "Forwarded",
    "X-Forwarded-For",
    "CF-Connecting-IP",
    "True-Client-IP",
    "X-Consumer-Username",
    "X-Credential-Identifier",
    "X-Consumer-Custom-ID",
];

/** Names that no request can carry, so both methods look at their header only: nginx discards an argument without a name. */
const NO_QUERY_ARGUMENT = "";
/** The name of a cookie ends before this character. */
const NO_COOKIE = "=";

/**
 * After authentication (2600) and before the guard (2390): an unauthenticated client learns nothing about accepted
 * bodies.
 */
const WHO_MAY = 2395;

/** Authentication: a key or a token, either is enough. Every route has it. */
function authentication(): RoutePlugin[] {
    const key = { header: "apikey", query: NO_QUERY_ARGUMENT, hide_credentials: true };
    const token = {
        header: "authorization",
        query: NO_QUERY_ARGUMENT,
        cookie: NO_COOKIE,
        // A token without exp would work until its credential is removed. The list makes its claims required, so it has
        // exp, but not nbf.
        claims_to_verify: ["exp"],
        hide_credentials: true,
    };
    return [
        plugin("request-id", {}),
        incomingHeaders(UNAUTHORIZED),
        plugin("multi-auth", {
            auth_plugins: [{ "key-auth": key }, { "jwt-auth": token }],
            _meta: { error_response: alpaError(UNAUTHORIZED) },
        }),
    ];
}

/** The same for every failure: details of a rejected credential would help an attacker. */
const UNAUTHORIZED =
    "authentication required: send a valid key in the header apikey, or a valid token in Authorization";

/** Headers of the gateway's answers. */
export interface AnswerSettings {
    /** See {@link shapeErrors}. */
    revision?: string;
    /** Whether the gateway serves TLS: then answers over TLS have HSTS. */
    tls?: boolean;
    /** Access log and metrics of requests. Unset: none */
    observed?: Observed;
}

/** Settings of the gateway's access log and metrics. */
export interface Observed {
    /** Whether requests are counted, by caller, route and status. */
    counted?: boolean;
    /** Whether the access log names the caller. */
    named?: boolean;
}

/** Counts requests, under the name of the rule that they match. */
function counts({ observed }: AnswerSettings): RoutePlugin[] {
    return observed?.counted ? [plugin("prometheus", { prefer_name: true })] : [];
}

/** `_meta` of the plugin right behind authentication. */
function behindAuthentication({ observed }: AnswerSettings) {
    return { priority: WHO_MAY, ...(observed?.named ? { pre_function: NAME_CALLER } : {}) };
}

/** Which callers reach Alpa. */
export interface Passing extends AnswerSettings, ClassSettings {
    /** The only consumer that is authorized. Unset: every declared consumer. */
    only?: string;
    /** Set: the route is closed, and callers get 503 with this Retry-After. */
    refused?: { retryAfterSeconds: number };
}

/**
 * Plugins for requests to one of Alpa's two paths.
 * @param path Alpa's own path; fixed, so that no spelling of the caller's reaches another one
 * @param namespace namespace of the declared consumers; a consumer of another one may share this gateway
 */
export function alpaChain(
    path: "/completions" | "/logprobs",
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

/** Refuses a request with a query string: Alpa reads none, and a secret in it would end in Alpa's log. */
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
export const REDIRECT = "redirect";

/** Before all other plugins of a route: a request by HTTP is redirected without authentication. */
const FIRST = 23000;

/**
 * Redirects HTTP to HTTPS: 301 for GET and HEAD, 308 for requests that must stay a POST. Requests that carry
 * Cloudflare's header come from the tunnel, which is HTTP inside the cluster: while an exposure is changed they would
 * go in circles.
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
            abort: abort(404, `not found: the service answers POST ${prefix}/completions and POST ${prefix}/logprobs`),
        }),
        shapeErrors(answers),
        ...(answers.tls ? [hsts()] : []),
        ...counts(answers),
    ];
}

/**
 * Turns error answers of the gateway into the form of Alpa's errors: the pages of nginx, and the two forms that plugins
 * use. Alpa's own errors match neither pattern and keep their bytes.
 * The header of the revision says by which version of the rules the gateway has answered.
 */
function shapeErrors({ revision }: AnswerSettings): RoutePlugin {
    const shape = '{"type":"error","message":"$1","stacktrace":""}';
    return plugin("response-rewrite", {
        vars: [["status", ">=", 400]],
        headers: {
            set: {
                "Content-Type": "application/json",
                ...(revision === undefined ? {} : { [REVISION_HEADER]: revision }),
            },
        },
        filters: [
            {
                regex: '^\\s*<html>\\s*<head><title>([^<"\\\\]*)</title>.*$',
                options: "jos",
                scope: "once",
                replace: shape,
            },
            {
                regex: '^\\{"(?:message|error_msg)":"((?:[^"\\\\]|\\\\.)*)"\\}\\s*$',
                options: "jo",
                scope: "once",
                replace: shape,
            },
        ],
    });
}

/** After authentication: a request without a credential still gets 401. */
function comeBack(seconds: number) {
    const { headers, ...rest } = abort(
        503,
        `Alpa is being moved and cannot answer at present: try again in ${seconds} s`,
    );
    return { ...rest, headers: { ...headers, "Retry-After": `${seconds}` } };
}

function abort(status: number, message: string, vars?: unknown[]) {
    return { ...answer(status, alpaError(message)), ...(vars ? { vars } : {}) };
}

function answer(status: number, body: object) {
    return { http_status: status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}
