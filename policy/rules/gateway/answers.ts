import { kindOf, type Resource } from "../../resources/resource";
import { at, eachText, isOther, list, map, shown, UNKNOWN, type Tree } from "../../resources/values";
import { everyRequest, isNowhere, pluginsOf, rulesOf, type RouteRule } from "../../resources/routes";
import type { Rule } from "../rule";
import { isUpstream } from "./answer-times";

/** Format of errors that Alpa's own client can parse. */
const SHAPE = { type: "error", stacktrace: "" };

/** @returns whether a value, or the JSON in a text, is an error in the format of Alpa's errors */
function isShaped(value: unknown): boolean {
    if (value === UNKNOWN) return true;
    let error: unknown = value;
    if (typeof value === "string")
        try {
            error = JSON.parse(value);
        } catch {
            return false;
        }
    const { type, message, stacktrace } = map(error);
    return type === SHAPE.type && typeof message === "string" && stacktrace === SHAPE.stacktrace;
}

/** Whether the status is below 400 or unknown. The rule runs again when the status is known. */
const isGood = (status: unknown) => status === UNKNOWN || (typeof status === "number" && status < 400);
const LIKE = 'Write {"type":"error","message":"…","stacktrace":""}.';

export const errorShape: Rule = {
    name: "error-shape",
    title: "Errors of the gateway and the edge have the format of Alpa's errors.",
    reason: "Alpa's client fails on an error of any other format. The caller then sees a traceback instead of what to do.",
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixRoute",
        inputs: { kind: "ApisixRoute", spec: { http: [{ name: "a", plugins: [] }] } },
    },
    check: (resource) => [...rulesOf(resource).flatMap(ruleErrors), ...limitErrors(resource), ...edgeErrors(resource)],
};

function ruleErrors(rule: RouteRule): string[] {
    if (rule.props.plugins === UNKNOWN) return [];
    const plugins = pluginsOf(rule);
    const found = plugins.flatMap(({ where, name, config }) => {
        const response = at(config, "_meta.error_response");
        const asks = ["multi-auth", "request-validation", "client-control"].includes(name);
        const refuses =
            name === "fault-injection" && config.abort !== undefined && !isGood(at(config, "abort.http_status"));
        return [
            ...((asks || response !== undefined) && !isShaped(response)
                ? [`${where}.config._meta.error_response: must have the format of Alpa's errors. ${LIKE}`]
                : []),
            ...(refuses && !isShaped(at(config, "abort.body"))
                ? [`${where}.config.abort.body: must have the format of Alpa's errors. ${LIKE}`]
                : []),
        ];
    });
    if (everyRequest(rule).some(({ name, config }) => name === "response-rewrite" && shapes(config))) return found;
    return [
        ...found,
        `${rule.where}.plugins: must have response-rewrite, which gives errors of the gateway and its plugins the format of Alpa's errors. Add it.`,
    ];
}

/** Whether a plugin rewrites answers of 400 and above into the format of Alpa's errors. */
function shapes(config: Tree): boolean {
    const [condition] = list(config.vars);
    const [what, how, status] = list(condition);
    const filters = list(config.filters).map((filter) => String(at(filter, "replace")));
    return (
        what === "status" &&
        how === ">=" &&
        status === 400 &&
        filters.length > 0 &&
        filters.every((text) => /"type":"error","message":".*","stacktrace":""/.test(text))
    );
}

/** Checks that a request over a limit gets 429, after which clients wait, and an error in the format of Alpa's errors. */
function limitErrors(resource: Resource): string[] {
    if (kindOf(resource) !== "Consumer") return [];
    return list(at(resource.props, "spec.plugins")).flatMap((plugin, i) => {
        const { name, config } = map(plugin);
        const code = at(config, "rejected_code");
        if (!/^limit-(count|conn|req)$/.test(String(name)) || !isOther(code, 429)) return [];
        return [`spec.plugins[${i}].config.rejected_code: must be 429 (got ${shown(code)}). Set it.`];
    });
}

function edgeErrors(resource: Resource): string[] {
    if (!resource.type.endsWith(":Ruleset")) return [];
    return list(resource.props.rules).flatMap((rule, i) => {
        const response = at(rule, "actionParameters.response");
        // With plan free, a rule cannot set its response.
        if (response === undefined || response === UNKNOWN || isShaped(at(response, "content"))) return [];
        return [`rules[${i}].actionParameters.response.content: must have the format of Alpa's errors. ${LIKE}`];
    });
}

export const noRetries: Rule = {
    name: "no-retries",
    title: "A request is sent to Alpa only once.",
    reason: "Alpa continues a generation after its caller has given up: a retry costs the same GPU time again.",
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixUpstream",
        inputs: { kind: "ApisixUpstream", metadata: { name: "alpa-completions" }, spec: { retries: 1 } },
    },
    check: (resource) => {
        if (!isUpstream(resource)) return [];
        const retries = at(resource.props, "spec.retries");
        return [
            ...(isOther(retries, 0)
                ? [`spec.retries: must be 0 (got ${shown(retries)}; if unset, APISIX tries every node). Set it.`]
                : []),
            // Port settings override the upstream's own settings, including its timeouts.
            ...(list(at(resource.props, "spec.portLevelSettings")).length > 0
                ? ["spec.portLevelSettings: must be empty (got some). Move them into the settings of the upstream."]
                : []),
        ];
    },
};

export const logprobsOneBackend: Rule = {
    name: "logprobs-one-backend",
    title: "All requests of a caller to /logprobs go to the same Alpa service.",
    reason: "Each service keeps the cache of a caller's logprobs in its own memory, and rejects a call that continues a cache of another service.",
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixUpstream",
        inputs: {
            kind: "ApisixUpstream",
            metadata: { name: "alpa-logprobs" },
            spec: { externalNodes: [{ name: "10.0.0.11" }, { name: "10.0.0.12" }] },
        },
    },
    check: (resource) => [...spread(resource), ...rulesOf(resource).flatMap(several)],
};

function spread(resource: Resource): string[] {
    if (kindOf(resource) !== "ApisixUpstream" || at(resource.props, "metadata.name") !== "alpa-logprobs") return [];
    const { externalNodes, loadbalancer } = map(resource.props.spec);
    const byCaller = at(loadbalancer, "type") === "chash" && at(loadbalancer, "hashOn") === "consumer";
    if (list(externalNodes).length < 2 || loadbalancer === UNKNOWN || byCaller) return [];
    return [
        `spec.loadbalancer: must be chash by consumer, since the upstream has several nodes (got ${shown(loadbalancer)}). Set it.`,
    ];
}

function several({ where, props }: RouteRule): string[] {
    let logprobs = false;
    eachText(at(props, "match.paths"), (path) => (logprobs ||= path.endsWith("/logprobs")));
    const upstreams = list(props.upstreams).map((upstream) => at(upstream, "name"));
    if (!logprobs || isNowhere({ props }) || (upstreams.length === 1 && upstreams[0] === "alpa-logprobs")) return [];
    return [`${where}.upstreams: must be only alpa-logprobs (got ${shown(upstreams)}). Remove the others.`];
}
