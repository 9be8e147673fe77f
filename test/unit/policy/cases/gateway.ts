import type { Case } from ".";
import { inputs, more, plugin, spec, values } from "./changes";

const upstream = (name: string, change: (spec: any) => void) => spec("ApisixUpstream", `alpa-${name}`, change);
const rule = (name: string, change: (rule: any) => void) =>
    spec("ApisixRoute", undefined, ({ http }) => change(http.find((one: any) => one.name === name)));
const methods = (config: any) => config.auth_plugins;

export const GATEWAY: Record<string, Case[]> = {
    "route-requires-credential": [
        [
            "settings of a plugin in a Secret",
            "intra",
            plugin("completions", "multi-auth", (p) => (p.secretRef = "more")),
            /^spec\.http\[0\]\.plugins\[2\]\.secretRef: must be unset/m,
        ],
        [
            "a rule without a plugin that authenticates",
            "intra",
            plugin("completions", "multi-auth", (p, r) => r.plugins.splice(r.plugins.indexOf(p), 1)),
            /^spec\.http\[0\]\.plugins: must have a plugin that requires/m,
        ],
        [
            "an authentication plugin that is off",
            "intra",
            plugin("completions", "multi-auth", (p) => (p.enable = false)),
            /^spec\.http\[0\]\.plugins: must have a plugin that requires/m,
        ],
        [
            "an authentication plugin with _meta.disable",
            "intra",
            plugin("logprobs", "multi-auth", ({ config }) => (config._meta.disable = true)),
            /^spec\.http\[1\]\.plugins: must have a plugin/m,
        ],
        [
            "multi-auth without a plugin",
            "intra",
            plugin("completions", "multi-auth", ({ config }) => (config.auth_plugins = [])),
            /^spec\.http\[0\]\.plugins: must have a plugin/m,
        ],
        [
            "a plugin that authenticates only some requests",
            "intra",
            plugin("completions", "multi-auth", ({ config }) => (config._meta.filter = [["uri", "==", "/"]])),
            /must apply to every request/,
        ],
        [
            "a plugin that authenticates only some requests, and is on by default",
            "intra",
            plugin("completions", "multi-auth", (p) => {
                delete p.enable;
                p.config._meta.filter = [["uri", "==", "/"]];
            }),
            /must apply to every request/,
        ],
        [
            "an anonymous consumer",
            "intra",
            plugin(
                "completions",
                "multi-auth",
                ({ config }) => (methods(config)[0]["key-auth"].anonymous_consumer = "anybody"),
            ),
            /anonymous_consumer: must not be set/,
        ],
        [
            "tokens without exp",
            "intra",
            plugin("completions", "multi-auth", ({ config }) => delete methods(config)[1]["jwt-auth"].claims_to_verify),
            /claims_to_verify: must name exp \(got nothing\)/,
        ],
        [
            "a rule that answers by itself and forwards to Alpa",
            "intra",
            rule("closed", (r) => (r.upstreams = [{ name: "alpa-completions" }])),
            /^spec\.http\[3\]\.plugins: must have a plugin/m,
        ],
        [
            "a rule that answers by itself sometimes",
            "intra",
            plugin("closed", "fault-injection", ({ config }) => (config.abort.percentage = 50)),
            /^spec\.http\[3\]\.plugins: must have a plugin/m,
        ],
        [
            "a rule that answers by itself under a condition",
            "intra",
            plugin("closed", "fault-injection", ({ config }) => (config.abort.vars = [])),
            /^spec\.http\[3\]\.plugins: must have a plugin/m,
        ],
        [
            "a rule that answers by itself, with another name",
            "intra",
            rule("closed", (r) => (r.name = "other")),
            /^spec\.http\[3\]\.plugins: must have a plugin/m,
        ],
        [
            "an answer of the gateway that is not a rejection",
            "intra",
            plugin("closed", "fault-injection", ({ config }) => (config.abort.http_status = 200)),
            /^spec\.http\[3\]\.plugins: must have a plugin/m,
        ],
        [
            "a placeholder upstream with a real node",
            "intra",
            upstream("nowhere", (s) => (s.externalNodes[0].name = "10.0.0.11")),
            /must be only 127\.0\.0\.1:1/,
        ],
        [
            "a placeholder upstream with a real node after the placeholder",
            "intra",
            upstream("nowhere", (s) => s.externalNodes.push({ type: "Domain", name: "10.0.0.11", port: 20001 })),
            /must be only 127\.0\.0\.1:1/,
        ],
        [
            "a list of plugins, which disables others in every route",
            "graph",
            values((v) => (v.apisix.plugins = ["key-auth"])),
            /\.apisix\.plugins: must be empty/,
        ],
        [
            "a stream",
            "intra",
            spec("ApisixRoute", undefined, (s) => (s.stream = [{ protocol: "TCP" }])),
            /^spec\.stream: must be empty/m,
        ],
        [
            "a route of the Gateway API",
            "intra",
            more("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", { kind: "HTTPRoute", spec: {} }),
            /^HTTPRoute: must be an ApisixRoute/m,
        ],
        [
            "an upstream that is the Admin API",
            "intra",
            upstream("completions", (s) => (s.externalNodes[0].port = 9180)),
            /^spec\.externalNodes\[0\]: must not route to APISIX's Admin API/m,
        ],
        [
            "a tunnel that accepts requests without Access",
            "cloudflare",
            inputs(
                "ZeroTrustTunnelCloudflaredConfig",
                undefined,
                ({ config }) => (config.ingresses[0].originRequest.access.required = false),
            ),
            /^config\.ingresses\[0\]\.originRequest\.access: must be required/m,
        ],
        [
            "a tunnel to Alpa without authentication",
            "cloudflare",
            inputs(
                "ZeroTrustTunnelCloudflaredConfig",
                undefined,
                ({ config }) => delete config.ingresses[1].originRequest.access,
            ),
            /^config\.ingresses\[1\]\.originRequest\.access: must be required/m,
        ],
        [
            "a tunnel that bypasses the gateway",
            "exposed",
            inputs(
                "ZeroTrustTunnelCloudflaredConfig",
                undefined,
                ({ config }) => (config.ingresses[0].service = "http://10.0.0.11:20001"),
            ),
            /^config\.ingresses\[0\]\.service: must not route to Alpa/m,
        ],
        [
            "a tunnel to Ray",
            "cloudflare",
            inputs(
                "ZeroTrustTunnelCloudflaredConfig",
                undefined,
                ({ config }) => (config.ingresses[0].service = "http://127.0.0.1:8265"),
            ),
            /must not route to Ray's dashboard/,
        ],
        [
            "a Service that is the Admin API",
            "intra",
            rule("completions", (r) => (r.backends = [{ serviceName: "gateway", servicePort: 9180 }])),
            /^spec\.http\[0\]\.backends\[0\]: must not route to APISIX's Admin API/m,
        ],
        [
            "a Service of the Admin API, by its name",
            "intra",
            rule("completions", (r) => (r.backends = [{ serviceName: "apisix-admin", servicePort: 80 }])),
            /^spec\.http\[0\]\.backends\[0\]: must not route to apisix-admin/m,
        ],
        [
            "a port of a Service by its name, which does not say what it is",
            "intra",
            rule("completions", (r) => (r.backends = [{ serviceName: "gateway", servicePort: "admin" }])),
            /^spec\.http\[0\]\.backends\[0\]\.servicePort: must be a number \(got "admin"\)/m,
        ],
        [
            "an upstream that is the Service of etcd",
            "intra",
            upstream("completions", (s) => (s.externalNodes = [{ type: "Service", name: "apisix-etcd", port: 80 }])),
            /^spec\.externalNodes\[0\]: must not route to apisix-etcd/m,
        ],
        [
            "an upstream that is a Service, without its port",
            "intra",
            upstream("completions", (s) => (s.externalNodes = [{ type: "Service", name: "elsewhere" }])),
            /^spec\.externalNodes\[0\]\.port: must be a number \(got nothing\)/m,
        ],
        [
            "one of several authentication methods that is disabled",
            "intra",
            plugin(
                "completions",
                "multi-auth",
                ({ config }) => (methods(config)[0]["key-auth"]._meta = { disable: true }),
            ),
            /key-auth: must be enabled/,
        ],
        [
            "an authentication plugin that another of its name replaces",
            "intra",
            rule("completions", (r) =>
                r.plugins.push({ name: "multi-auth", enable: true, config: { auth_plugins: [] } }),
            ),
            /^spec\.http\[0\]\.plugins: must have a plugin that requires/m,
        ],
        [
            "a tunnel that opens a private network",
            "cloudflare",
            inputs(
                "ZeroTrustTunnelCloudflaredConfig",
                undefined,
                ({ config }) => (config.warpRouting = { enabled: true }),
            ),
            /^config\.warpRouting: must be off/m,
        ],
        [
            "a private network behind a tunnel",
            "cloudflare",
            more("cloudflare:index/zeroTrustTunnelCloudflaredRoute:ZeroTrustTunnelCloudflaredRoute", {
                network: "10.0.0.0/24",
            }),
            /^network: must not be routed through a tunnel/m,
        ],
        [
            "a tunnel of the provider's older class",
            "cloudflare",
            more("cloudflare:index/tunnelConfig:TunnelConfig", {
                config: { ingresses: [{ service: "http://10.0.0.11:20001" }] },
            }),
            /^config\.ingresses\[0\]\.originRequest\.access: must be required/m,
        ],
    ],
    "credentials-hidden": [
        [
            "a key that is forwarded to Alpa",
            "intra",
            plugin(
                "completions",
                "multi-auth",
                ({ config }) => (methods(config)[0]["key-auth"].hide_credentials = false),
            ),
            /key-auth\.hide_credentials: must be true \(got false\)/,
        ],
        [
            "a token that is forwarded to Alpa",
            "intra",
            plugin("logprobs", "multi-auth", ({ config }) => delete methods(config)[1]["jwt-auth"].hide_credentials),
            /jwt-auth\.hide_credentials: must be true \(got nothing\)/,
        ],
        [
            "a form of credentials that cannot be removed",
            "intra",
            rule("completions", (r) => (r.authentication = { enable: true, type: "keyAuth" })),
            /^spec\.http\[0\]\.authentication: must not be set/m,
        ],
        [
            "a caller's own identity header",
            "intra",
            plugin("completions", "proxy-rewrite", ({ config }) => {
                config.headers.remove = config.headers.remove.filter((h: string) => h !== "X-Consumer-Username");
            }),
            /must remove the headers X-Consumer-Username/,
        ],
        [
            "a rule that removes nothing",
            "intra",
            plugin("logprobs", "proxy-rewrite", (p) => (p.enable = false)),
            /^spec\.http\[1\]\.plugins: must remove the headers apikey, Authorization/m,
        ],
        [
            "a rule that removes something from some requests only",
            "intra",
            plugin("completions", "proxy-rewrite", ({ config }) => (config._meta = { filter: [["uri", "==", "/"]] })),
            /^spec\.http\[0\]\.plugins: must remove the headers apikey/m,
        ],
    ],
    "alpa-guarded": [
        [
            "a rule without a guard",
            "intra",
            plugin("completions", "request-validation", (p, r) => r.plugins.splice(r.plugins.indexOf(p), 1)),
            /^spec\.http\[0\]\.plugins: must have request-validation/m,
        ],
        [
            "a guard that is off",
            "intra",
            plugin("completions", "request-validation", (p) => (p.enable = false)),
            /^spec\.http\[0\]\.plugins: must have request-validation/m,
        ],
        [
            "a guard with _meta.disable",
            "intra",
            plugin("logprobs", "request-validation", ({ config }) => (config._meta.disable = true)),
            /^spec\.http\[1\]\.plugins: must have request-validation/m,
        ],
        [
            "a guard of some requests",
            "intra",
            plugin("logprobs", "request-validation", ({ config }) => (config._meta.filter = [["uri", "==", "/"]])),
            /^spec\.http\[1\]\.plugins: must have request-validation/m,
        ],
        [
            "a guard that checks no body",
            "intra",
            plugin("completions", "request-validation", ({ config }) => (config.body_schema = { type: "object" })),
            /config\.body_schema: must require prompt/,
        ],
        [
            "a guard that accepts a body of any type",
            "intra",
            plugin("completions", "request-validation", ({ config }) => delete config.header_schema),
            /config\.header_schema: must require content-type/,
        ],
        [
            "bodies of any size",
            "intra",
            plugin("logprobs", "client-control", ({ config }) => (config.max_body_size = 0)),
            /^spec\.http\[1\]\.plugins: must have client-control/m,
        ],
    ],
    "error-shape": [
        [
            "a rule that does not rewrite errors",
            "intra",
            plugin("completions", "response-rewrite", (p) => (p.enable = false)),
            /^spec\.http\[0\]\.plugins: must have response-rewrite/m,
        ],
        [
            "a rewrite of the errors of some requests",
            "intra",
            plugin(
                "completions",
                "response-rewrite",
                ({ config }) => (config._meta = { filter: [["uri", "==", "/"]] }),
            ),
            /^spec\.http\[0\]\.plugins: must have response-rewrite/m,
        ],
        [
            "a rewrite of some errors",
            "intra",
            plugin("completions", "response-rewrite", ({ config }) => (config.vars = [["status", ">=", 500]])),
            /^spec\.http\[0\]\.plugins: must have response-rewrite/m,
        ],
        [
            "a rewrite into another form",
            "intra",
            plugin("closed", "response-rewrite", ({ config }) => (config.filters[0].replace = "sorry")),
            /^spec\.http\[3\]\.plugins: must have response-rewrite/m,
        ],
        [
            "a 401 of another form",
            "intra",
            plugin("completions", "multi-auth", ({ config }) => delete config._meta.error_response),
            /config\._meta\.error_response: must have the format of Alpa's errors/,
        ],
        [
            "a 400 without a stacktrace",
            "intra",
            plugin("completions", "request-validation", ({ config }) => delete config._meta.error_response.stacktrace),
            /config\._meta\.error_response: must have the format of Alpa's errors/,
        ],
        [
            "a 404 that is not JSON",
            "intra",
            plugin("closed", "fault-injection", ({ config }) => (config.abort.body = "not found")),
            /config\.abort\.body: must have the format of Alpa's errors/,
        ],
        [
            "a limit that answers 503",
            "intra",
            spec("Consumer", "lab", ({ plugins }) => delete plugins[0].config.rejected_code),
            /^spec\.plugins\[0\]\.config\.rejected_code: must be 429 \(got nothing\)/m,
        ],
        [
            "an edge that rejects with a page",
            "cloudflare",
            inputs(
                "Ruleset",
                "alpa-edge-rate-limit",
                ({ rules }) => (rules[0].actionParameters.response.content = "<html>"),
            ),
            /^rules\[0\]\.actionParameters\.response\.content: must have the format of Alpa's errors/m,
        ],
    ],
    "answers-not-cut": [
        [
            "a route without times",
            "intra",
            rule("completions", (r) => delete r.timeout),
            /^spec\.http\[0\]\.timeout\.read: must be a time \(got nothing\)/m,
        ],
        [
            "a route with a short timeout",
            "intra",
            rule("logprobs", (r) => (r.timeout.read = "30s")),
            /^spec\.http\[1\]\.timeout\.read: must be 60s or more \(got "30s"\)/m,
        ],
        [
            "an upstream without timeouts",
            "intra",
            upstream("completions", (s) => delete s.timeout),
            /^spec\.timeout\.connect: must be a time/m,
        ],
        [
            "an upstream with a short timeout",
            "intra",
            upstream("logprobs", (s) => (s.timeout.read = "500ms")),
            /^spec\.timeout\.read: must be 60s or more/m,
        ],
        [
            "a route that times out before its upstream",
            "intra",
            rule("completions", (r) => (r.timeout.read = "120s")),
            /^spec\.http\[0\]\.timeout\.read: must be at least 600 s, the timeout of the upstream that it overrides \(got "120s"\)/m,
        ],
        [
            "a connector that stops before the longest answer is complete",
            "exposed",
            spec("Deployment", "alpa-auth-cloudflared", ({ template }) => {
                const { args } = template.spec.containers[0];
                args[args.indexOf("--grace-period") + 1] = "10s";
            }),
            /args: must have a --grace-period of at least \d+ s, for answers of up to \d+ s \(got 10 s\)/,
        ],
        [
            "a connector with a grace period that cloudflared rejects",
            "exposed",
            spec("Deployment", "alpa-auth-cloudflared", ({ template }) => {
                const { args } = template.spec.containers[0];
                args[args.indexOf("--grace-period") + 1] = "181s";
            }),
            /args: must have a --grace-period of at most 180 s, or cloudflared does not start \(got 181 s\)/,
        ],
        [
            "a connector that is killed before it is done",
            "exposed",
            spec(
                "Deployment",
                "alpa-auth-cloudflared",
                ({ template }) => delete template.spec.terminationGracePeriodSeconds,
            ),
            /terminationGracePeriodSeconds: must be longer than --grace-period, \d+ s \(got 30\)/,
        ],
        [
            "a connector that is killed when its grace period ends",
            "exposed",
            spec("Deployment", "alpa-auth-cloudflared", ({ template }) => {
                const { args } = template.spec.containers[0];
                args[args.indexOf("--grace-period") + 1] = "180s";
                template.spec.terminationGracePeriodSeconds = 180;
            }),
            /terminationGracePeriodSeconds: must be longer than --grace-period, 180 s \(got 180\)/,
        ],
    ],
    "no-retries": [
        ["a retry", "intra", upstream("completions", (s) => (s.retries = 1)), /^spec\.retries: must be 0 \(got 1;/m],
        [
            "a default number of retries",
            "intra",
            upstream("logprobs", (s) => delete s.retries),
            /^spec\.retries: must be 0 \(got nothing;/m,
        ],
        [
            "other retries and timeouts for a port",
            "intra",
            upstream("completions", (s) => (s.portLevelSettings = [{ port: 20001, retries: 3 }])),
            /^spec\.portLevelSettings: must be empty/m,
        ],
    ],
    "logprobs-one-backend": [
        [
            "logprobs spread over services",
            "inter",
            upstream("logprobs", (s) => delete s.loadbalancer),
            /^spec\.loadbalancer: must be chash by consumer/m,
        ],
        [
            "logprobs distributed by another key",
            "inter",
            upstream("logprobs", (s) => (s.loadbalancer.hashOn = "header")),
            /^spec\.loadbalancer: must be chash/m,
        ],
        [
            "logprobs forwarded to the upstream of completions",
            "intra",
            rule("logprobs", (r) => (r.upstreams = [{ name: "alpa-completions" }])),
            /^spec\.http\[1\]\.upstreams: must be only alpa-logprobs/m,
        ],
    ],
    "apisix-version": [
        [
            "an old APISIX by Helm",
            "intra",
            values((v) => (v.image.tag = "3.16.0-ubuntu")),
            /^values\.image\.tag: must be APISIX 3\.17 or newer \(got "3\.16\.0-ubuntu"\)/m,
        ],
        [
            "an old APISIX by Rampart",
            "graph",
            values((v) => (v.image.tag = "2.99.0")),
            /^spec\.graph\.components\.apisix\.config\.image\.tag: must be APISIX/m,
        ],
        [
            "an old APISIX by a chart that is a file",
            "intra",
            inputs("Release", "alpa-apisix-release", (r) => {
                r.chart = "./charts/apisix-2.14.0.tgz";
                r.values.image.tag = "3.16.0-ubuntu";
            }),
            /^values\.image\.tag: must be APISIX/m,
        ],
        [
            "an old APISIX by a chart of a registry",
            "intra",
            inputs("Release", "alpa-apisix-release", (r) => {
                r.chart = "oci://registry.example.org/mirror/team-apisix";
                r.values.image.tag = "3.16.0-ubuntu";
            }),
            /^values\.image\.tag: must be APISIX/m,
        ],
        [
            "the default version of the chart",
            "intra",
            values((v) => delete v.image),
            /^values\.image\.tag: must be APISIX 3\.17 or newer \(got nothing\)/m,
        ],
        [
            "a tag without a version",
            "intra",
            values((v) => (v.image.tag = "ubuntu")),
            /^values\.image\.tag: must be APISIX/m,
        ],
        [
            "an old APISIX in pods of its own",
            "exposed",
            spec(
                "Deployment",
                "alpa-auth-cloudflared",
                ({ template }) => (template.spec.containers[0].image = "mirror:5000/apache/apisix:3.9.1-debian"),
            ),
            /containers\[0\]\.image: must be APISIX 3\.17/,
        ],
    ],
    "own-admin-key": [
        [
            "the chart's own keys",
            "intra",
            values((v) => delete v.apisix.admin.credentials),
            /^values\.apisix\.admin\.credentials\.secretName: must name a Secret/m,
        ],
        [
            "a key in plain text",
            "graph",
            values((v) => (v.apisix.admin.credentials.admin = "s3cret-s3cret-s3cret-s3cret")),
            /credentials\.admin: must not be in the values/,
        ],
        [
            "the default key of the Admin API in a Secret",
            "intra",
            inputs(
                "Secret",
                "apisix-admin-keys",
                (s) => (s.data.value.admin = Buffer.from("edd1c9f034335f136f87ad84b625c8f1").toString("base64")),
            ),
            /^data\.admin: must not be a publicly known key/m,
        ],
        [
            "an Admin API without a key",
            "inter",
            inputs("ConfigMap", "alpa-profile-file", ({ data }) => {
                for (const file of Object.keys(data)) data[file] += "  admin_key_required: false\n";
            }),
            /admin_key_required: false/,
        ],
        [
            "a controller with the chart's own key",
            "intra",
            values((v) => (v["ingress-controller"].gatewayProxy.createDefault = true)),
            /adminKey\.valueFrom: must name a Secret/,
        ],
        [
            "a short key",
            "intra",
            inputs("RandomPassword", "alpa-admin-keys-admin", (p) => (p.length = 8)),
            /^length: must be 32 or more \(got 8\)/m,
        ],
    ],
};
