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
        ["no authentication", "intra", without("multi-auth"), `${AT}: must have a plugin that requires`],
        [
            "authentication that is off",
            "intra",
            on("multi-auth", (p) => (p.enable = false)),
            `${AT}: must have a plugin`,
        ],
        ["multi-auth without a method", "intra", on("multi-auth", (p) => (p.config.auth_plugins = [])), AT],
        [
            "a key that Alpa receives",
            "intra",
            key((p) => (p.hide_credentials = false)),
            /key-auth\.hide_credentials: must be/,
        ],
        [
            "tokens without an end",
            "tokens",
            on("multi-auth", ({ config }) => (config.auth_plugins[1]["jwt-auth"].claims_to_verify = [])),
            /claims_to_verify: must name exp/,
        ],
        [
            "authentication of the ingress controller",
            "intra",
            rule((r) => (r.authentication = { enable: true })),
            /authentication/,
        ],
        ["consumers of other namespaces", "intra", without("fault-injection"), `${AT}: must have fault-injection`],
        [
            "any consumer",
            "intra",
            on("fault-injection", ({ config }) => (config.abort.vars[0][0][3] = ".")),
            `${AT}: must have fault-injection`,
        ],
        [
            "headers with an underscore",
            "intra",
            without("serverless-pre-function"),
            `${AT}: must have serverless-pre-function`,
        ],
        ["bodies without a limit", "intra", without("client-control"), `${AT}: must have client-control`],
        ["credentials that Alpa receives", "intra", without("proxy-rewrite"), `${AT}: must have proxy-rewrite`],
        [
            "a caller name that the caller sets",
            "intra",
            on("proxy-rewrite", ({ config }) => config.headers.remove.splice(0, 99, "apikey")),
            `${AT}: must remove the headers Authorization,`,
        ],
        [
            "a rule that answers nothing and forwards to Alpa",
            "intra",
            plugin("closed", "fault-injection", (_, one) => (one.upstreams = [{ name: "alpa-completions" }])),
            /must have a plugin that requires a credential/,
        ],
        ["a stream", "intra", spec("ApisixRoute", undefined, (s) => (s.stream = [{ name: "a" }])), "spec.stream"],
    ],
    "plugins-allowed": [
        [
            "a plugin that switches off authentication",
            "intra",
            on("multi-auth", (p) => (p.config._meta.disable = true)),
            AT,
        ],
        [
            "authentication of some requests only",
            "intra",
            on("multi-auth", (p) => (p.config._meta.filter = [["arg_a", "==", "b"]])),
            `${AT}[2].config._meta.filter: is not an allowed field`,
        ],
        [
            "an anonymous consumer",
            "intra",
            key((p) => (p.anonymous_consumer = "guest")),
            /anonymous_consumer: is not an allowed/,
        ],
        [
            "a copy of each request",
            "intra",
            added("proxy-mirror", { host: "http://10.9.9.9" }),
            /proxy-mirror is not an allowed/,
        ],
        [
            "a part of the requests for another upstream",
            "intra",
            added("traffic-split"),
            /traffic-split is not an allowed/,
        ],
        ["a log of bodies elsewhere", "intra", added("http-logger", { uri: "http://10.9.9.9" }), /http-logger is not/],
        [
            "a redirect with the credential",
            "intra",
            added("redirect", { uri: "https://example.org/" }),
            /config\.uri: is not/,
        ],
        [
            "an answer that redirects",
            "intra",
            on("response-rewrite", ({ config }) => (config.headers.set.Location = "https://example.org/")),
            /headers\.set\.Location: is not an allowed field/,
        ],
        [
            "another path of Alpa",
            "intra",
            on("proxy-rewrite", (p) => (p.config.uri = "/admin")),
            /config\.uri: must be/,
        ],
        [
            "another host of the upstream",
            "intra",
            on("proxy-rewrite", (p) => (p.config.host = "example.org")),
            /config\.host/,
        ],
        [
            "a key in a header that Alpa reads",
            "intra",
            on("proxy-rewrite", ({ config }) => (config.headers.set = { "X-Key": "$http_apikey" })),
            /config\.headers\.set: is not an allowed field/,
        ],
        [
            "a credential in an answer",
            "intra",
            on("fault-injection", ({ config }) => (config.abort.body = "$http_apikey")),
            /abort\.body: must contain no variable/,
        ],
        [
            "settings of a plugin in a Secret",
            "intra",
            on("multi-auth", (p) => (p.secretRef = "other")),
            /secretRef: is not/,
        ],
        [
            "a body of 10 GB",
            "intra",
            on("client-control", (p) => (p.config.max_body_size = 1e10)),
            /must be between 1 and 1048576/,
        ],
        [
            "a body of 10 GB in the guard",
            "intra",
            on("request-validation", (p) => (p.config.max_req_body_size = 1e10)),
            /max_req_body_size: must be between 1 and 1048576/,
        ],
        [
            "a caller's plugin that rewrites requests",
            "intra",
            consumer((s) => s.plugins.push({ name: "proxy-rewrite" })),
            "spec.plugins",
        ],
        [
            "counters on another host",
            "inter",
            consumer((s) => Object.assign(s.plugins[0].config, { policy: "redis", redis_host: "10.9.9.9" })),
            /redis_host: must be the counter server/,
        ],
        [
            "a plugin config of another object",
            "intra",
            rule((r) => (r.plugin_config_name = "other")),
            "spec.http.0.plugin_config_name",
        ],
        [
            "plugins of the whole gateway",
            "intra",
            spec("GatewayProxy", undefined, (s) => (s.plugins = [{ name: "a" }])),
            "spec.plugins",
        ],
    ],
    "hosts-of-config": [
        [
            "a second node",
            "intra",
            upstream(({ externalNodes }) => externalNodes.push({ name: "10.9.9.9", port: 20001, type: "Domain" })),
            /^spec\.externalNodes\[\d\]: must be in the stack's config/,
        ],
        ["another port of a node", "intra", upstream((s) => (s.externalNodes[0].port = 8265)), "spec.externalNodes[0]"],
        ["another Host header", "intra", upstream((s) => (s.passHost = "rewrite")), "spec.passHost: must be pass"],
        [
            "a host name for the upstream",
            "intra",
            upstream((s) => (s.upstreamHost = "example.org")),
            "spec.upstreamHost",
        ],
        ["targets that a registry names", "intra", upstream((s) => (s.discovery = { type: "dns" })), "spec.discovery"],
        [
            "other settings of a port",
            "intra",
            upstream((s) => (s.portLevelSettings = [{ port: 1 }])),
            "spec.portLevelSettings",
        ],
        [
            "a node where no route leads",
            "intra",
            spec("ApisixUpstream", "alpa-nowhere", (s) => (s.externalNodes[0].name = "10.0.0.11")),
            "spec.externalNodes[0]",
        ],
        [
            "a Service as target",
            "intra",
            rule((r) => (r.backends = [{ serviceName: "apisix-admin" }])),
            "spec.http[0].backends",
        ],
        ["a second upstream", "intra", rule((r) => r.upstreams.push({ name: "other" })), "spec.http[0].upstreams"],
        [
            "keys for another gateway",
            "intra",
            consumer((s) => (s.gatewayRef.namespace = "other")),
            "spec.gatewayRef.namespace",
        ],
        [
            "routes for another gateway",
            "intra",
            spec("IngressClass", undefined, (s) => (s.parameters.namespace = "other")),
            "spec.parameters.namespace",
        ],
        [
            "the key of the Admin API for another host",
            "intra",
            spec("GatewayProxy", undefined, ({ provider }) => (provider.controlPlane.endpoints = ["http://10.9.9.9"])),
            "spec.provider.controlPlane.endpoints: must be unset",
        ],
        [
            "the key of the Admin API for another Service",
            "intra",
            spec("GatewayProxy", undefined, ({ provider }) => (provider.controlPlane.service.name = "other")),
            "spec.provider.controlPlane.service.name: must be apisix-admin",
        ],
        [
            "a command on another host",
            "cloudflare",
            inputs("Command", "alpa-connectors-10.0.0.11", (given) => {
                given.connection.value.host = "10.9.9.9";
            }),
            "connection.host",
        ],
    ],
    "known-types": [
        ...["ApisixGlobalRule", "ApisixPluginConfig", "ApisixConsumer"].map((kind): Attack => [
            kind,
            "intra",
            more(`kubernetes:apisix.apache.org/v2:${kind}`, { kind }),
            `kind: ${kind} is`,
        ]),
        [
            "a route of the Gateway API",
            "intra",
            more("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", { kind: "HTTPRoute" }),
            "kind",
        ],
        [
            "an Ingress",
            "intra",
            more("kubernetes:networking.k8s.io/v1:Ingress", { kind: "Ingress" }),
            "kind: Ingress is",
        ],
        [
            "a role",
            "intra",
            more("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", { kind: "RoleBinding" }),
            "kind",
        ],
        [
            "another type",
            "intra",
            more("kubernetes:batch/v1:Job", { kind: "Job" }),
            "type: kubernetes:batch/v1:Job is not in",
        ],
        ["a local command", "intra", more("command:local:Command", {}), "type: command:local:Command is not in"],
        [
            "an object under another type",
            "intra",
            more("kubernetes:core/v1:ConfigMap", { apiVersion: "apps/v1", kind: "Deployment" }),
            "kind: the inputs are of kubernetes:apps/v1:Deployment",
        ],
        [
            "a webhook that converts routes",
            "intra",
            more("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", {
                kind: "CustomResourceDefinition",
                spec: { conversion: { strategy: "Webhook" } },
            }),
            "spec.conversion.strategy: must be None",
        ],
    ],
};
