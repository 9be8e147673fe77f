import type { Attack } from ".";
import { inputs, more, plugin, spec } from "./changes";

/** A change of one plugin of the rule for completions. */
const on = (name: string, change: (plugin: any, rule: any) => void) => plugin("completions", name, change);
const without = (name: string) =>
    on(name, (one, rule) => (rule.plugins = rule.plugins.filter((other: any) => other !== one)));
const added = (name: string, config: object = {}) =>
    on("multi-auth", (_, rule) => rule.plugins.push({ name, enable: true, config }));
const rule = (change: (rule: any) => void) => on("multi-auth", (_, one) => change(one));
const key = (change: (settings: any) => void) =>
    on("multi-auth", ({ config }) => change(config.auth_plugins[0]["key-auth"]));
const upstream = (change: (spec: any) => void) => spec("ApisixUpstream", "alpa-completions", change);
const consumer = (change: (spec: any) => void) => spec("Consumer", "lab", change);
const AT = "spec.http[0].plugins";

export const ROUTE: Record<string, Attack[]> = {
    "route-requires-credential": [
        ["no authentication", without("multi-auth"), `${AT}: must have a plugin that requires`],
        ["authentication that is off", on("multi-auth", (p) => (p.enable = false)), `${AT}: must have a plugin`],
        ["multi-auth without a method", on("multi-auth", (p) => (p.config.auth_plugins = [])), AT],
        ["a key that Alpa receives", key((p) => (p.hide_credentials = false)), /key-auth\.hide_credentials: must be/],
        [
            "tokens without an end",
            on("multi-auth", ({ config }) => (config.auth_plugins[1]["jwt-auth"].claims_to_verify = [])),
            /claims_to_verify: must name exp/,
            "tokens",
        ],
        ["consumers of other namespaces", without("fault-injection"), `${AT}: must have fault-injection`],
        [
            "a second multi-auth without a method, which applies",
            on("multi-auth", (_, rule) => rule.plugins.push({ name: "multi-auth", enable: true, config: {} })),
            `${AT}: must have a plugin`,
        ],
        [
            "a pattern that every consumer matches",
            on("fault-injection", ({ config }) => (config.abort.vars[0][0][3] += "|.")),
            `${AT}: must have fault-injection`,
        ],
        [
            "any consumer",
            on("fault-injection", ({ config }) => (config.abort.vars[0][0][3] = ".")),
            `${AT}: must have fault-injection`,
        ],
        ["headers with an underscore", without("serverless-pre-function"), `${AT}: must have serverless-pre-function`],
        ["bodies without a limit", without("client-control"), `${AT}: must have client-control`],
        ["credentials that Alpa receives", without("proxy-rewrite"), `${AT}: must have proxy-rewrite`],
        [
            "a caller name that the caller sets",
            on("proxy-rewrite", ({ config }) => config.headers.remove.splice(0, 99, "apikey")),
            `${AT}: must remove the headers Authorization,`,
        ],
        [
            "a rule that answers nothing and forwards to Alpa",
            plugin("closed", "fault-injection", (_, one) => (one.upstreams = [{ name: "alpa-completions" }])),
            /must have a plugin that requires a credential/,
        ],
    ],
    "fields-allowed": [
        [
            "authentication of the ingress controller",
            rule((r) => (r.authentication = { enable: true })),
            "spec.http[0].authentication: is not an allowed field",
        ],
        [
            "a stream",
            spec("ApisixRoute", undefined, (s) => (s.stream = [{ name: "a" }])),
            "spec.stream: is not an allowed field",
        ],
        ["a plugin that switches off authentication", on("multi-auth", (p) => (p.config._meta.disable = true)), AT],
        [
            "authentication of some requests only",
            on("multi-auth", (p) => (p.config._meta.filter = [["arg_a", "==", "b"]])),
            `${AT}[2].config._meta.filter: is not an allowed field`,
        ],
        [
            "an anonymous consumer",
            key((p) => (p.anonymous_consumer = "guest")),
            /anonymous_consumer: is not an allowed/,
        ],
        [
            "a copy of each request",
            added("proxy-mirror", { host: "http://10.9.9.9" }),
            /proxy-mirror is not an allowed/,
        ],
        ["a part of the requests for another upstream", added("traffic-split"), /traffic-split is not an allowed/],
        ["a log of bodies elsewhere", added("http-logger", { uri: "http://10.9.9.9" }), /http-logger is not/],
        ["a redirect with the credential", added("redirect", { uri: "https://example.org/" }), /config\.uri: is not/],
        [
            "an answer that redirects",
            on("response-rewrite", ({ config }) => (config.headers.set.Location = "https://example.org/")),
            /headers\.set\.Location: is not an allowed field/,
        ],
        ["another path of Alpa", on("proxy-rewrite", (p) => (p.config.uri = "/admin")), /config\.uri: must be/],
        ["another host of the upstream", on("proxy-rewrite", (p) => (p.config.host = "example.org")), /config\.host/],
        [
            "a header of the caller as the server's key",
            on("proxy-rewrite", ({ config }) => (config.headers.set = { Authorization: "$http_apikey" })),
            /headers\.set\.Authorization: must be \$env:/,
        ],
        [
            "a key in a header that Alpa reads",
            on("proxy-rewrite", ({ config }) => (config.headers.set = { "X-Key": "$http_apikey" })),
            /config\.headers\.set\.X-Key: is not an allowed field/,
        ],
        [
            "a credential in an answer",
            on("fault-injection", ({ config }) => (config.abort.body = "$http_apikey")),
            /abort\.body: must contain no variable/,
        ],
        ["settings of a plugin in a Secret", on("multi-auth", (p) => (p.secretRef = "other")), /secretRef: is not/],
        [
            "a body of 10 GB",
            on("client-control", (p) => (p.config.max_body_size = 1e10)),
            /must be between 1 and 104857600/,
        ],
        [
            "a body of 10 GB in the guard",
            on("request-validation", (p) => (p.config.max_req_body_size = 1e10)),
            /max_req_body_size: must be between 1 and 1048576/,
        ],
        [
            "a caller's plugin that rewrites requests",
            consumer((s) => s.plugins.push({ name: "proxy-rewrite" })),
            "spec.plugins",
        ],
        [
            "counters on another host",
            consumer((s) => Object.assign(s.plugins[0].config, { policy: "redis", redis_host: "10.9.9.9" })),
            /redis_host: must be the counter server/,
            "inter",
        ],
        [
            "a budget counted on another host",
            consumer((s) => s.plugins.push({ name: "ai-rate-limiting", config: { redis_host: "10.9.9.9" } })),
            /redis_host: must be the counter server/,
        ],
        [
            "a rule that answers every request itself",
            added("workflow", { rules: [{ actions: [["return", { code: 200 }]] }] }),
            /code: must be 400 or 403/,
        ],
        [
            "a plugin config of another object",
            rule((r) => (r.plugin_config_name = "other")),
            "spec.http[0].plugin_config_name: is not",
        ],
        [
            "plugins of the whole gateway",
            spec("GatewayProxy", undefined, (s) => (s.plugins = [{ name: "a" }])),
            "spec.plugins",
        ],
        ["another Host header", upstream((s) => (s.passHost = "rewrite")), "spec.passHost: must be pass"],
        ["a host name for the upstream", upstream((s) => (s.upstreamHost = "example.org")), "spec.upstreamHost"],
        ["targets that a registry names", upstream((s) => (s.discovery = { type: "dns" })), "spec.discovery"],
        ["other settings of a port", upstream((s) => (s.portLevelSettings = [{ port: 1 }])), "spec.portLevelSettings"],
        ["a Service as target", rule((r) => (r.backends = [{ serviceName: "apisix-admin" }])), "spec.http[0].backends"],
        ["a second upstream", rule((r) => r.upstreams.push({ name: "other" })), "spec.http[0].upstreams"],
        [
            "the key of the Admin API for another host",
            spec("GatewayProxy", undefined, ({ provider }) => (provider.controlPlane.endpoints = ["http://10.9.9.9"])),
            "spec.provider.controlPlane.endpoints: is not",
        ],
        [
            "the key of the Admin API for another Service",
            spec("GatewayProxy", undefined, ({ provider }) => (provider.controlPlane.service.name = "other")),
            "spec.provider.controlPlane.service.name: must be apisix-admin",
        ],
        [
            "a webhook that converts routes",
            more("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", {
                kind: "CustomResourceDefinition",
                spec: { conversion: { strategy: "Webhook" } },
            }),
            "spec.conversion.strategy: must be None",
        ],
    ],
    "hosts-of-config": [
        [
            "a second node",
            upstream(({ externalNodes }) => externalNodes.push({ name: "10.9.9.9", port: 20001, type: "Domain" })),
            /^spec\.externalNodes\[\d\]: must be in the stack's config/,
        ],
        ["another port of a node", upstream((s) => (s.externalNodes[0].port = 8265)), "spec.externalNodes[0]"],
        [
            "a node where no route leads",
            spec("ApisixUpstream", "alpa-nowhere", (s) => (s.externalNodes[0].name = "10.0.0.11")),
            "spec.externalNodes[0]",
        ],
        ["keys for another gateway", consumer((s) => (s.gatewayRef.namespace = "other")), "spec.gatewayRef.namespace"],
        [
            "routes for another gateway",
            spec("IngressClass", undefined, (s) => (s.parameters.namespace = "other")),
            "spec.parameters.namespace",
        ],
        [
            "a command on another host",
            inputs("Command", "alpa-connectors-10.0.0.11", (given) => {
                given.connection.value.host = "10.9.9.9";
            }),
            "connection.host",
            "cloudflare",
        ],
    ],
    "known-types": [
        ...["ApisixGlobalRule", "ApisixPluginConfig", "ApisixConsumer"].map((kind): Attack => [
            kind,
            more(`kubernetes:apisix.apache.org/v2:${kind}`, { kind }),
            `kind: ${kind} is`,
        ]),
        [
            "a route of the Gateway API",
            more("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", { kind: "HTTPRoute" }),
            "kind",
        ],
        ["an Ingress", more("kubernetes:networking.k8s.io/v1:Ingress", { kind: "Ingress" }), "kind: Ingress is"],
        ["a role", more("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", { kind: "RoleBinding" }), "kind"],
        ["another type", more("kubernetes:batch/v1:Job", { kind: "Job" }), "type: kubernetes:batch/v1:Job is not in"],
        ["a local command", more("command:local:Command", {}), "type: command:local:Command is not in"],
        [
            "an object under another type",
            more("kubernetes:core/v1:ConfigMap", { apiVersion: "apps/v1", kind: "Deployment" }),
            "kind: the inputs are of kubernetes:apps/v1:Deployment",
        ],
    ],
};
