import { curlLine } from "./alpa/sample";
import { ALPA_REQUESTS, servedPrefixes } from "./alpa/paths";
import type { OpenaiSettings } from "./openai/settings";
import { OPENAI_PREFIX, openaiRequests, openaiTunnelPath } from "./openai/paths";
import { openaiCurl } from "./openai/sample";
import { renderOpenaiRoute, renderOpenaiUpstreams } from "./openai/route-rules";
import type { AlpaSettings } from "./route/alpa-upstreams";
import type { GuardSettings } from "./route/request-guard";
import type { RuleRequest } from "./route/route-served";
import { renderRoute, renderUpstreams, type RouteRules } from "./route/route-rules";

/** The unmodified Alpa service, with the rules for requests to it. */
export type AlpaServer = { kind: "alpa"; guard: GuardSettings } & AlpaSettings;
/** The server behind the gateway. */
export type ServerSettings = AlpaServer | ({ kind: "openai" } & OpenaiSettings);

/** What depends on the kind of the server. */
interface Server {
    /** Path prefixes at the gateway. The URL for callers has the first one. */
    prefixes: string[];
    /** Regular expressions of the paths that a tunnel forwards to the gateway. */
    tunnelPaths: string[];
    /** Spec of each ApisixUpstream, by its name without `alpa-`. */
    upstreams: Record<string, object>;
    /** Spec of the ApisixRoute. */
    route: (rules: Omit<RouteRules, "guard" | "answerTimeoutSeconds" | "pathPrefix">) => object;
    /** A request for each rule of the route. */
    requests: RuleRequest[];
    /** An example command. @param key undefined if there is no key */
    curl: (url: string, key: string | undefined) => string;
}

/** @param pathPrefix own prefix of the stack in front of Alpa's paths, if any */
export function serverOf(settings: ServerSettings, pathPrefix?: string): Server {
    if (settings.kind === "openai")
        return {
            prefixes: [OPENAI_PREFIX],
            tunnelPaths: [openaiTunnelPath(settings.paths)],
            upstreams: renderOpenaiUpstreams(settings),
            route: (rules) => renderOpenaiRoute(settings, rules),
            requests: openaiRequests(settings.paths),
            curl: (url, key) => openaiCurl(url, settings.models[0], key),
        };
    const { guard, answerTimeoutSeconds } = settings;
    const prefixes = servedPrefixes(pathPrefix);
    return {
        prefixes,
        tunnelPaths: prefixes.map((prefix) => `^${prefix}/(completions|logprobs)?$`),
        upstreams: renderUpstreams(settings),
        requests: ALPA_REQUESTS,
        route: (rules) => renderRoute({ ...rules, guard, answerTimeoutSeconds, pathPrefix }),
        curl: keyLine,
    };
}

/** Example curl command for a completion of Alpa. @param key undefined if there is no key */
export function keyLine(url: string, key: string | undefined): string {
    return curlLine(url, key === undefined ? [] : [`apikey: ${key}`]);
}
