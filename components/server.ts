import { curlLine } from "./alpa/sample";
import { ALPA_PATHS, ALPA_REQUESTS, alpaPaths, alpaTunnelPath, servedPrefixes } from "./alpa/paths";
import type { OpenaiSettings } from "./openai/settings";
import { OPENAI_PREFIX, openaiRequests, openaiTunnelPath, type OpenaiPath } from "./openai/paths";
import { modelsCurl, openaiCurl } from "./openai/sample";
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
    /** What the component of the route says about the server. */
    meaning: object;
    /** Open paths, if the stack chooses them. */
    openPaths?: OpenaiPath[];
    /** Whether its answers say how many tokens they have, which limits count. */
    countsTokens?: boolean;
    /** Models that a caller may use. Undefined: all */
    modelsOf?: (caller: string) => string[] | undefined;
    /** An example command. @param key undefined if there is no key */
    curl: (url: string, key: string | undefined) => string;
}

/** @param pathPrefix own prefix of the stack in front of Alpa's paths, if any */
export function serverOf(settings: ServerSettings, pathPrefix?: string): Server {
    if (settings.kind === "openai") {
        const { kind, endpoints, failover, serverKey, ...rest } = settings;
        const sendsServerKey = serverKey === undefined ? undefined : true;
        return {
            meaning: { server: kind, upstream: { endpoints, failover }, sendsServerKey, ...rest },
            openPaths: settings.paths,
            countsTokens: true,
            modelsOf: (caller) => settings.callerModels[caller],
            prefixes: [OPENAI_PREFIX],
            tunnelPaths: [openaiTunnelPath(settings.paths)],
            upstreams: renderOpenaiUpstreams(settings),
            route: (rules) => renderOpenaiRoute(settings, rules),
            requests: openaiRequests(settings.paths),
            curl: (url, key) => openaiCurl(url, settings.models[0], key),
        };
    }
    const { kind: _, guard, answerTimeoutSeconds, ...upstream } = settings;
    const prefixes = servedPrefixes(pathPrefix);
    return {
        meaning: { upstream, answerTimeoutSeconds, guard },
        prefixes,
        tunnelPaths: prefixes.map(alpaTunnelPath),
        upstreams: renderUpstreams(settings),
        requests: ALPA_REQUESTS,
        route: (rules) => renderRoute({ ...rules, guard, answerTimeoutSeconds, pathPrefix }),
        curl: keyLine,
    };
}

/** What depends on the kind of a server without a gateway, behind Access and a tunnel. */
interface EdgeServer {
    /** Path prefix in the URL for callers. */
    prefix: string;
    /** Path prefixes that are served. */
    prefixes: string[];
    /** Regular expressions of the paths that the tunnel forwards to the server. */
    tunnelPaths: string[];
    /** Paths that the rate limit of plan free counts. */
    rateLimited: string[];
    /** An example command. @param headers headers with the service token */
    curl: (url: string, headers: string[]) => string;
}

/**
 * @param openaiPaths open paths of an OpenAI-compatible server. Unset for Alpa
 * @param pathPrefix own prefix of the stack in front of Alpa's paths, if any
 */
export function edgeServerOf(openaiPaths: OpenaiPath[] | undefined, pathPrefix?: string): EdgeServer {
    if (openaiPaths) {
        const rateLimited = openaiPaths.map((path) => `${OPENAI_PREFIX}/${path}`);
        const tunnelPaths = [openaiTunnelPath(openaiPaths)];
        return { prefix: OPENAI_PREFIX, prefixes: [OPENAI_PREFIX], tunnelPaths, rateLimited, curl: modelsCurl };
    }
    const prefixes = servedPrefixes(pathPrefix);
    const rateLimited = ["", ...prefixes].flatMap((prefix) => ALPA_PATHS.map((path) => `${prefix}/${path}`));
    return { prefix: pathPrefix ?? "", prefixes, tunnelPaths: alpaPaths(prefixes), rateLimited, curl: curlLine };
}

/** Example curl command for a completion of Alpa. @param key undefined if there is no key */
export function keyLine(url: string, key: string | undefined): string {
    return curlLine(url, key === undefined ? [] : [`apikey: ${key}`]);
}
