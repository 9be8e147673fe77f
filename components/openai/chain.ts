import { correctedHeaders, HEADERS_OF_ANSWERS, HSTS } from "../route/answer-headers";
import { classRules } from "../route/caller-classes";
import {
    answer,
    authenticatedBy,
    behindAuthentication,
    counts,
    rewrittenErrors,
    type Passing,
} from "../route/plugin-chain";
import { HEADERS, GUARD_PRIORITY } from "../route/request-guard";
import { plugin, type RoutePlugin } from "../route/route-plugin";
import { SERVER_KEY_REFERENCE } from "../apisix/values";
import { bearer, UNAUTHORIZED } from "./bearer";
import { ERROR_FILTERS, openaiError } from "./errors";
import { maxTokensRules, type TokenLimits } from "./max-tokens";
import { LIST_MODELS, listedModels, modelRules } from "./models";
import { COUNT_TOKENS, rejection, RETRY_WHEN_TOKENS_RETURN } from "./token-count";
import { REMOVED_HEADERS } from "../route/removed-headers";
import type { OpenaiPath } from "./paths";
import type { OpenaiSettings } from "./settings";

/** Settings of the chains. */
export interface Around extends Passing {
    namespace: string;
    /** Limits in tokens, by the name of the caller. Default: none. */
    tokenLimits?: TokenLimits;
}

/** Plugins for requests to a path of the server. */
export function forwardedChain(path: Exclude<OpenaiPath, "models">, server: OpenaiSettings, around: Around) {
    const { namespace, tokenLimits = {}, tls, classes, counters } = around;
    const { maxBodyBytes, serverKey } = server;
    const removed = REMOVED_HEADERS.filter((name) => serverKey === undefined || name !== "Authorization");
    return [
        ...authentication(),
        whoMay(around),
        plugin("client-control", {
            max_body_size: maxBodyBytes,
            _meta: {
                error_response: answered(openaiError(413, `the request body must be at most ${maxBodyBytes} bytes`)),
            },
        }),
        plugin("request-validation", {
            // The rules about the body read it as JSON. A schema of the body would encode it again, and change numbers.
            header_schema: HEADERS,
            _meta: {
                priority: GUARD_PRIORITY,
                error_response: answered(
                    openaiError(400, "send JSON with Content-Type application/json, without compression"),
                ),
            },
        }),
        // The first rule that matches decides, so the rules that reject are before the limits of classes.
        plugin("workflow", {
            rules: [
                ...modelRules(namespace, server),
                ...maxTokensRules(path, namespace, tokenLimits),
                ...classRules(namespace, { classes, counters }, (one) => one.completions),
            ],
        }),
        plugin("proxy-rewrite", {
            uri: `/v1/${path}`,
            headers: {
                // Tokens of a compressed answer could not be counted.
                remove: [...removed, "Accept-Encoding"],
                ...(serverKey === undefined ? {} : { set: { Authorization: SERVER_KEY_REFERENCE } }),
            },
        }),
        shapeErrors(around),
        plugin("serverless-post-function", {
            phase: "header_filter",
            functions: [HEADERS_OF_ANSWERS, RETRY_WHEN_TOKENS_RETURN, ...(tls ? [HSTS] : [])],
            ...rejection(path, namespace, tokenLimits),
            _meta: { pre_function: COUNT_TOKENS },
        }),
        ...counts(around),
    ];
}

/** Answers `GET /v1/models`. */
export function modelsChain(server: OpenaiSettings, around: Around): RoutePlugin[] {
    return [
        ...authentication(),
        whoMay(around),
        shapeErrors(around),
        plugin("serverless-post-function", {
            phase: "access",
            functions: [LIST_MODELS],
            ...listedModels(around.namespace, server),
            _meta: { pre_function: correctedHeaders(around.tls === true) },
        }),
        ...counts(around),
    ];
}

/** Rejects an authenticated request with this status. Rejects every request if `open` is true. */
export function refusingChain(status: 400 | 404, message: string, around: Around, open = false): RoutePlugin[] {
    return [
        ...(open ? [] : authentication()),
        plugin("fault-injection", {
            abort: answer(status, openaiError(status, message, { code: status === 404 ? "not_found" : null })),
            ...(open ? {} : { _meta: behindAuthentication(around) }),
        }),
        shapeErrors(around),
        ...(around.tls ? [plugin("serverless-post-function", { phase: "header_filter", functions: [HSTS] })] : []),
        ...counts(around),
    ];
}

const authentication = () => authenticatedBy(bearer(), answered(UNAUTHORIZED));

/** The error as text: a null in an object, such as `param`, does not reach the ApisixRoute in the API server. */
const answered = (error: object) => JSON.stringify(error);

/** Rejects consumers of other namespaces, or every caller while the gateway is closed. */
function whoMay({ namespace, refused, ...answers }: Around): RoutePlugin {
    const others = [[["consumer_name", "!", "~~", `^${namespace}_`]]];
    const forbidden = openaiError(403, "this caller may not use this service", { code: "permission_denied" });
    const seconds = refused?.retryAfterSeconds;
    const unavailable = answer(503, openaiError(503, `the service is in maintenance: try again in ${seconds} s`));
    return plugin("fault-injection", {
        abort: refused
            ? { ...unavailable, headers: { ...unavailable.headers, "Retry-After": `${seconds}` } }
            : { ...answer(403, forbidden), vars: others },
        _meta: behindAuthentication(answers),
    });
}

/** Converts error answers of the gateway. */
const shapeErrors = (around: Around) => rewrittenErrors(around, ERROR_FILTERS);
