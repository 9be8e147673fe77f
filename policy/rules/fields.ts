import { pluginsIn } from "../resources/plugins";
import { kindOf } from "../resources/resource";
import { allAt, otherPaths } from "../resources/values";
import { checkPlugin } from "./gateway/plugins";
import type { Rule } from "./rule";

/** Fields that an object may have, with those below them. Others can redirect requests or keys, run code, or admit callers. */
const FIELDS: Record<string, string> = {
    ApisixRoute:
        "spec.ingressClassName spec.http.match spec.http.name spec.http.plugins spec.http.priority spec.http.timeout spec.http.upstreams.name",
    ApisixUpstream:
        "spec.externalNodes spec.healthCheck spec.ingressClassName spec.loadbalancer spec.passHost spec.retries spec.scheme spec.timeout",
    Command:
        "addPreviousOutputInEnv connection.dialErrorLimit connection.host connection.hostKey connection.perDialTimeout connection.port connection.privateKey connection.user create delete logging stdin triggers update",
    Consumer: "spec.credentials.name spec.credentials.secretRef spec.credentials.type spec.gatewayRef spec.plugins",
    GatewayProxy:
        "spec.pluginMetadata.prometheus spec.provider.controlPlane.auth.adminKey.valueFrom spec.provider.controlPlane.auth.type spec.provider.controlPlane.service spec.provider.type",
    Ruleset:
        "kind name phase rules.action rules.actionParameters.products rules.actionParameters.response rules.description rules.enabled rules.expression rules.ratelimit rules.ref zoneId",
    WorkersScript: "accountId compatibilityDate content mainModule scriptName",
    ZeroTrustAccessApplication:
        "accountId appLauncherVisible destinations domain name policies.id policies.precedence serviceAuth401Redirect sessionDuration type",
    ZeroTrustAccessPolicy: "accountId decision includes.serviceToken.tokenId name sessionDuration",
    ZeroTrustTunnelCloudflaredConfig:
        "accountId config.ingresses.hostname config.ingresses.originRequest.access config.ingresses.originRequest.connectTimeout config.ingresses.path config.ingresses.service tunnelId",
};
const OF_OBJECTS = ["apiVersion", "kind", "metadata"];

/** Fields with few allowed values. Undefined stands for a field that may be left out. */
const VALUES: Record<string, Record<string, unknown[]>> = {
    ApisixRoute: {
        "spec.http[].upstreams[].name": ["alpa-completions", "alpa-logprobs", "alpa-openai", "alpa-nowhere"],
    },
    ApisixUpstream: { "spec.passHost": ["pass"], "spec.scheme": ["http"] },
    Command: { addPreviousOutputInEnv: [false], logging: ["none"] },
    // A conversion webhook could change objects after the rules have checked them.
    CustomResourceDefinition: { "spec.conversion.strategy": [undefined, "None"] },
    GatewayProxy: { "spec.provider.controlPlane.service.name": ["apisix-admin"] },
    // Other phases can change the target of a request, and other actions can skip Access.
    Ruleset: { phase: ["http_ratelimit", "http_request_firewall_custom"], "rules[].action": ["block", "skip"] },
    // Kubernetes writes credentials into Secrets of other types.
    Secret: { type: [undefined, "Opaque", "kubernetes.io/tls"] },
    ZeroTrustAccessApplication: { "destinations[].type": ["public"] },
    ZeroTrustAccessPolicy: { decision: ["non_identity"] },
};

export const fieldsAllowed: Rule = {
    name: "fields-allowed",
    title: "Routes, callers, upstreams, Access, tunnels and commands have only fields, values, plugins and plugin settings that this rule lists.",
    reason: "Another field or plugin can forward, copy or redirect requests, run code, switch off another plugin, or admit callers without a credential.",
    *check(resource) {
        const kind = kindOf(resource);
        if (Object.hasOwn(FIELDS, kind))
            for (const path of otherPaths(resource.props, [...OF_OBJECTS, ...FIELDS[kind].split(" ")]))
                yield `${path}: is not an allowed field. Remove it; rule fields-allowed lists them.`;
        for (const [path, allowed] of Object.entries(Object.hasOwn(VALUES, kind) ? VALUES[kind] : {}))
            for (const [where, value] of allAt(resource.props, path))
                if (!allowed.includes(value))
                    yield `${where}: must be ${allowed.filter((one) => one !== undefined).join(" or ")}. Correct it.`;
        for (const plugin of pluginsIn(resource)) yield* checkPlugin(plugin, kind);
    },
};
