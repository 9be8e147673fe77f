import { CONNECT_SECONDS, healthChecks, renderUpstream, timeouts, upstreamName } from "../route/alpa-upstreams";
import { answeredRule, NO_QUERY, NOWHERE, redirect, type RouteRules } from "../route/route-rules";
import { forwardedChain, modelsChain, refusingChain } from "./chain";
import { OPENAI_PREFIX, type OpenaiPath } from "./paths";
import type { OpenaiSettings } from "./settings";

type Rules = Omit<RouteRules, "guard" | "answerTimeoutSeconds" | "pathPrefix">;

/** Spec of each ApisixUpstream, by its name without `alpa-`. */
export function renderOpenaiUpstreams({ endpoints, answerTimeoutSeconds, failover }: OpenaiSettings) {
    return {
        openai: {
            ...renderUpstream(endpoints, answerTimeoutSeconds),
            ...(failover && endpoints.length > 1 ? healthChecks([200, 400, 401, 404]) : {}),
        },
        nowhere: renderUpstream([{ address: NOWHERE, weight: 1 }], CONNECT_SECONDS),
    };
}

/** Spec of the ApisixRoute. It opens the paths of the stack, each with a rule of its own, and rejects all other paths. */
export function renderOpenaiRoute(server: OpenaiSettings, rules: Rules) {
    const { ingressClassName, ownGateway, tls, paths } = { ...rules, paths: server.paths };
    const around = { ...rules, tls: tls !== undefined };
    const forwarded = paths.filter((path) => path !== "models");
    const all = [...new Set([...paths, "models"])].map((path) => `${OPENAI_PREFIX}/${path}`);
    const listed = { paths: ["", "/*"].map((end) => `${OPENAI_PREFIX}/models${end}`), methods: ["GET"] };
    return {
        ingressClassName,
        http: [
            ...forwarded.map((path) => ({
                name: path.replace("/", "-"),
                match: { paths: [`${OPENAI_PREFIX}/${path}`], methods: ["POST"], exprs: spelledAs(path) },
                timeout: timeouts(server.answerTimeoutSeconds),
                upstreams: [{ name: upstreamName("openai") }],
                plugins: [...redirect(tls), ...forwardedChain(path, server, around)],
            })),
            ...(paths.includes("models")
                ? [answeredRule("models", { ...listed, exprs: NO_QUERY }, 0, modelsChain(server, around), tls)]
                : []),
            answeredRule(
                "query-string",
                { paths: all, methods: ["GET", "POST"], exprs: WITH_QUERY },
                -1,
                refusingChain(400, "no query string is accepted: send the rest as JSON", around),
                tls,
            ),
            answeredRule(
                "closed",
                { paths: ownGateway ? ["/*"] : [OPENAI_PREFIX, `${OPENAI_PREFIX}/*`] },
                -10,
                refusingChain(404, `not found: the service has ${paths.join(", ")} below /v1/`, around, true),
                tls,
            ),
        ],
    };
}

/** Requires this spelling of the path: nginx decodes escapes and merges slashes, and APISIX's `request_uri` has the result. */
const spelledAs = (path: OpenaiPath) => [
    { subject: { scope: "Variable", name: "real_request_uri" }, op: "Equal", value: `${OPENAI_PREFIX}/${path}` },
];
const WITH_QUERY = [{ subject: { scope: "Variable", name: "args" }, op: "RegexMatch", value: "." }];
