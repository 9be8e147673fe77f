import { apisixCharts, type Chart } from "../../resources/charts";
import { kindOf, type Resource } from "../../resources/resource";
import { at, list, shown, UNKNOWN } from "../../resources/values";
import {
    authenticationOf,
    everyRequest,
    hasFilter,
    hasUnknownPlugin,
    isNowhere,
    NOWHERE,
    pluginsOf,
    rejectsWith,
    rulesOf,
    type RouteRule,
} from "../../resources/routes";
import type { Rule } from "../rule";
import { backends, externalNodes, tunnel } from "./backends";

/** Kinds of routes whose authentication the rules cannot check. */
const OTHER_WAYS = ["Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"];

export const routeRequiresCredential: Rule = {
    name: "route-requires-credential",
    title: "Every route requires a credential, or answers by itself without an upstream.",
    reason: "Alpa does not authenticate: a route without authentication opens the model, and the GPUs behind it, to everyone.",
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixRoute",
        inputs: {
            kind: "ApisixRoute",
            spec: { http: [{ name: "open", match: { paths: ["/*"] }, upstreams: [{ name: "alpa-completions" }] }] },
        },
    },
    check: (resource) => {
        const kind = kindOf(resource);
        if (OTHER_WAYS.includes(kind))
            return [
                `${kind}: must be an ApisixRoute, since no other kind of route can be checked. Use kind ApisixRoute.`,
            ];
        if (kind === "ApisixUpstream") return [...nowhere(resource), ...externalNodes(resource)];
        if (resource.type.startsWith("cloudflare:")) return tunnel(resource);
        const streams = list(at(resource.props, "spec.stream"));
        return [
            ...rulesOf(resource).flatMap((rule) => [...asks(rule), ...settingsUnseen(rule), ...backends(rule)]),
            ...apisixCharts(resource).flatMap(pluginsOff),
            ...(kind === "ApisixRoute" && streams.length > 0
                ? ["spec.stream: must be empty, since a stream cannot require a credential. Remove it."]
                : []),
        ];
    },
};

/** Reports a list of enabled plugins: APISIX ignores plugins that are not in the list (`filter` in apisix/plugin.lua). */
function pluginsOff({ values, where }: Chart): string[] {
    return list(at(values, "apisix.plugins")).length > 0
        ? [
              `${where}.apisix.plugins: must be empty, which enables all plugins (got a list). With a list, APISIX ignores all other plugins, also those that require a credential. Remove it.`,
          ]
        : [];
}

function asks(rule: RouteRule): string[] {
    if (hasUnknownPlugin(rule) || answersItself(rule)) return [];
    const found = authenticationOf(rule);
    const { where } = rule;
    if (found.length === 0)
        return [
            `${where}.plugins: must have a plugin that requires a credential (got ${
                pluginsOf(rule)
                    .map((p) => p.name)
                    .join(", ") || "none"
            }). Add multi-auth with key-auth and jwt-auth.`,
        ];
    return found.flatMap(({ where: place, name, config, wrapper }) => [
        ...[wrapper?.config, config].flatMap((part) =>
            hasFilter(part)
                ? [`${place}: must apply to every request (it has a filter in _meta). Remove the filter.`]
                : [],
        ),
        ...(at(config, "_meta.disable") === true
            ? [`${place}: must be enabled (it is disabled in _meta). Remove disable from _meta, or remove the plugin.`]
            : []),
        ...(config.anonymous_consumer === undefined
            ? []
            : [`${place}.anonymous_consumer: must not be set: it admits callers without a credential. Remove it.`]),
        ...(name === "jwt-auth" && !hasEnd(config.claims_to_verify)
            ? [
                  `${place}.claims_to_verify: must name exp (got ${shown(config.claims_to_verify)}): a token must expire. Add exp.`,
              ]
            : []),
    ]);
}

/** Reports plugins with settings in a Secret, which override those in the route. */
function settingsUnseen({ where, props }: RouteRule): string[] {
    return list(props.plugins).flatMap((plugin, i) =>
        [undefined, "", UNKNOWN].includes(at(plugin, "secretRef") as string)
            ? []
            : [
                  `${where}.plugins[${i}].secretRef: must be unset: rules cannot read the Secret. Write the settings into config.`,
              ],
    );
}

const hasEnd = (claims: unknown) =>
    claims === UNKNOWN || list(claims).some((claim) => claim === UNKNOWN || claim === "exp");

/** The two rules of this project that need no credential. */
const ANSWER_THEMSELVES = ["closed", "query-string"];

/** Whether the gateway itself rejects every request of the rule. The upstream of such a rule points nowhere. */
function answersItself(rule: RouteRule): boolean {
    if (!ANSWER_THEMSELVES.includes(String(rule.props.name)) || !isNowhere(rule)) return false;
    const status = rejectsWith(pluginsOf(rule).find(({ name }) => name === "fault-injection")?.config)?.status;
    return typeof status === "number" && status >= 400;
}

/** Checks the upstream of rules that need no credential. */
function nowhere({ props }: Resource): string[] {
    if (at(props, "metadata.name") !== NOWHERE) return [];
    const found = at(props, "spec.externalNodes");
    const nodes = list(found);
    if (found === UNKNOWN) return [];
    const [node] = nodes;
    const right = nodes.length === 1 && at(node, "name") === "127.0.0.1" && at(node, "port") === 1;
    return right
        ? []
        : [`spec.externalNodes: must be only 127.0.0.1:1, which has no listener (got ${shown(nodes)}). Correct it.`];
}

/** Headers that every route must remove at least: secrets of every authentication method, and names that only the gateway may set. */
const LEAST_REMOVED = [
    "apikey",
    "Authorization",
    "CF-Access-Client-Id",
    "CF-Access-Client-Secret",
    "X-Consumer-Username",
    "X-Credential-Identifier",
    "X-Consumer-Custom-ID",
];

export const credentialsHidden: Rule = {
    name: "credentials-hidden",
    title: "Credentials and names of callers are removed before a request is forwarded.",
    reason: "Alpa logs what it receives, and trusts caller names in headers: a caller could pretend to be another one.",
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixRoute",
        inputs: {
            kind: "ApisixRoute",
            spec: { http: [{ name: "a", plugins: [{ name: "key-auth", enable: true, config: {} }] }] },
        },
    },
    check: (resource) =>
        rulesOf(resource).flatMap((rule) => [
            ...authenticationOf(rule).flatMap(({ where, config }) =>
                config.hide_credentials === true || config.hide_credentials === UNKNOWN
                    ? []
                    : [`${where}.hide_credentials: must be true (got ${shown(config.hide_credentials)}). Set it.`],
            ),
            ...(at(rule.props, "authentication.enable") === true
                ? [
                      `${rule.where}.authentication: must not be set, since Alpa then receives the credential. Use the plugin multi-auth.`,
                  ]
                : []),
            ...(isNowhere(rule) ? [] : headersLeft(rule)),
        ]),
};

function headersLeft(rule: RouteRule): string[] {
    const rewrite = everyRequest(rule).find(({ name }) => name === "proxy-rewrite");
    const remove = at(rewrite?.config, "headers.remove");
    if (hasUnknownPlugin(rule) || remove === UNKNOWN || list(remove).includes(UNKNOWN)) return [];
    const removed = list(remove).map((header) => String(header).toLowerCase());
    const left = LEAST_REMOVED.filter((header) => !removed.includes(header.toLowerCase()));
    if (left.length === 0) return [];
    return [
        `${rule.where}.plugins: must remove the headers ${left.join(", ")}. Add them to headers.remove of proxy-rewrite.`,
    ];
}
