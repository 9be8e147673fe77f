/** Cases in which a resource differs from what this project renders, and only rule as-rendered rejects it. */
import { operatorValues } from "../../../../components/opt/opt-graph";
import type { Case } from ".";
import { created, find, inputs, more, plugin, secret, spec, values } from "./changes";

const rule = (name: string, change: (rule: any) => void) =>
    spec("ApisixRoute", undefined, ({ http }) => change(http.find((one: any) => one.name === name)));
const added = (name: string, config: object) => rule("completions", (r) => r.plugins.push(on(name, config)));
const on = (name: string, config: object) => ({ name, enable: true, config });
const object = (apiVersion: string, kind: string, given: object) =>
    more(`kubernetes:${apiVersion}:${kind}`, {
        apiVersion,
        kind,
        metadata: { name: "more", namespace: "alpa-auth" },
        spec: given,
    });
const cloudflare = (kind: string, given: object) =>
    more(`cloudflare:index/${kind[0].toLowerCase()}${kind.slice(1)}:${kind}`, given);
const LUA = { phase: "rewrite", functions: ["return function() ngx.exec('/anything') end"] };
const tunnelRules = (change: (ingresses: any[]) => void) =>
    inputs("ZeroTrustTunnelCloudflaredConfig", undefined, ({ config }) => change(config.ingresses));
const application = (change: (application: any) => void) => inputs("ZeroTrustAccessApplication", undefined, change);
const RELEASE = {
    namespace: "rampart-system",
    chart: "tools",
    version: "1.0.0",
    repositoryOpts: { repo: "https://charts.example.org" },
};
const OPERATOR = {
    repository: "https://charts.example.org",
    version: "1.6.2",
    image: { repository: "quay.example.org/operator", tag: "v1.6.2" },
};
const command = (change: (command: any) => void) => inputs("Command", "alpa-connectors-10.0.0.11", change);

export const CLOSED: Record<string, Case[]> = {
    "as-rendered": [
        [
            "a class whose settings are in another namespace",
            "intra",
            spec("IngressClass", undefined, ({ parameters }) => (parameters.namespace = "other")),
            /^spec\.parameters\.namespace: must be the namespace of this stack's gateway, \S+ \(got "other"\)/m,
        ],
        [
            "a caller whose key goes to another gateway",
            "graph",
            spec("Consumer", "lab", ({ gatewayRef }) => (gatewayRef.namespace = "other")),
            /^spec\.gatewayRef\.namespace: must be the namespace of this stack's gateway/m,
        ],
        [
            "a webhook that converts routes on their way to the ingress controller",
            "intra",
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition", {
                conversion: { strategy: "Webhook", webhook: { clientConfig: { url: "https://example.org" } } },
            }),
            /^spec\.conversion\.strategy: must be None \(got "Webhook"\)/m,
        ],
        [
            "a Secret into which Kubernetes writes the token of an account",
            "intra",
            more("kubernetes:core/v1:Secret", {
                apiVersion: "v1",
                kind: "Secret",
                type: "kubernetes.io/service-account-token",
            }),
            /^type: must be Opaque or kubernetes\.io\/tls \(got "kubernetes\.io\/service-account-token"\)/m,
        ],
        [
            "a key with the text of an APISIX variable",
            "intra",
            inputs("Secret", "lab.2026a", (given) => (given.stringData = secret({ key: "$env://HOSTNAME" }))),
            /^stringData\.key: must not begin with \$/m,
        ],
        [
            "Lua before authentication",
            "intra",
            added("serverless-pre-function", LUA),
            /^spec\.http\[0\]\.plugins: must be a list of length 9 \(got 10\)/m,
        ],
        [
            "a part of the requests that goes to another upstream",
            "intra",
            added("traffic-split", { rules: [{ weighted_upstreams: [{ upstream_id: "other" }] }] }),
            /^spec\.http\[0\]\.plugins: this project does not render traffic-split/m,
        ],
        [
            "a copy of each request for a collector of logs",
            "intra",
            added("http-logger", { uri: "http://10.9.9.9/", include_req_body: true }),
            /^spec\.http\[0\]\.plugins: this project does not render http-logger/m,
        ],
        [
            "a body schema that names fields but limits none",
            "intra",
            plugin("completions", "request-validation", ({ config }) => {
                config.body_schema = { type: "object", required: ["model", "prompt"] };
            }),
            /^spec\.http\[0\]\.plugins\[\d\]\.config\.body_schema\.properties: is missing/m,
        ],
        [
            "a guard that accepts any Content-Type",
            "intra",
            plugin("completions", "request-validation", ({ config }) => {
                delete config.header_schema.properties["content-type"].pattern;
            }),
            /header_schema\.properties\.content-type\.pattern: is missing/,
        ],
        [
            "a body of 10 TB",
            "intra",
            plugin("completions", "client-control", ({ config }) => (config.max_body_size = 10e12)),
            /^spec\.http: maxBodyBytes must be at most 1048576 bytes/m,
        ],
        [
            "a body size of 10 TB, in any place",
            "intra",
            (all) => {
                const route = find(all, "ApisixRoute").inputs;
                route.spec = JSON.parse(JSON.stringify(route.spec).replaceAll("65536", "10000000000000"));
            },
            /^spec\.http: maxBodyBytes must be at most 1048576 bytes/m,
        ],
        [
            "token ids that no model has",
            "intra",
            (all) => {
                const route = find(all, "ApisixRoute").inputs;
                route.spec = JSON.parse(
                    JSON.stringify(route.spec).replace(/"maximum":\d{5}\b/g, '"maximum":3999999999'),
                );
            },
            /^spec\.http: vocabulary must be at most 250680 tokens/m,
        ],
        [
            "a key in a header that Alpa reads",
            "intra",
            plugin("completions", "proxy-rewrite", ({ config }) => (config.headers.set = { "X-Key": "$http_apikey" })),
            /^spec\.http\[0\]\.plugins\[\d\]\.config\.headers\.set: this project does not render this field/m,
        ],
        [
            "cookies and forged addresses that go on to Alpa",
            "intra",
            plugin("completions", "proxy-rewrite", ({ config }) => {
                config.headers.remove = config.headers.remove.filter(
                    (header: string) => !["Cookie", "X-Forwarded-For"].includes(header),
                );
            }),
            /^spec\.http\[0\]\.plugins\[\d\]\.config\.headers\.remove/m,
        ],
        [
            "an allow-all policy in addition to those of the project",
            "intra",
            object("networking.k8s.io/v1", "NetworkPolicy", {
                podSelector: {},
                ingress: [{ from: [{ podSelector: { matchLabels: { app: "debug" } } }] }],
            }),
            /^metadata\.name: this project renders no NetworkPolicy with this name/m,
        ],
        [
            "a rule of a tunnel for another host",
            "cloudflare",
            tunnelRules((rules) => rules.unshift({ ...rules[0], service: "ssh://127.0.0.1:22" })),
            /^config\.ingresses/m,
        ],
        [
            "a plugin of a consumer that is no limit",
            "intra",
            spec("Consumer", "lab", (s) => s.plugins.push({ name: "serverless-pre-function", config: LUA })),
            /^spec\.plugins: this project does not render serverless-pre-function/m,
        ],
        [
            "plugins for every route, in the object that leads to the Admin API",
            "intra",
            spec("GatewayProxy", undefined, (s) => (s.plugins = [{ name: "serverless-pre-function", config: LUA }])),
            /^spec\.plugins: this project does not render this field/m,
        ],
        [
            "pods on every node that read its files",
            "intra",
            more("kubernetes:apps/v1:DaemonSet", {
                apiVersion: "apps/v1",
                kind: "DaemonSet",
                metadata: { name: "more" },
                spec: { template: { spec: { containers: [], volumes: [{ name: "root", hostPath: { path: "/" } }] } } },
            }),
            /^metadata\.name: this project renders no DaemonSet with this name/m,
        ],
        [
            "a Service that opens the gateway in addition to its tunnel",
            "exposed",
            object("v1", "Service", {
                type: "NodePort",
                selector: { "app.kubernetes.io/name": "apisix" },
                ports: [{ port: 80, targetPort: 9080 }],
            }),
            /^metadata\.name: this project renders no Service with this name/m,
        ],
        [
            "a tunnel with a chosen secret",
            "cloudflare",
            inputs("ZeroTrustTunnelCloudflared", undefined, (t) => (t.tunnelSecret = secret("c2VjcmV0c2VjcmV0"))),
            /^tunnelSecret: this project does not render this field/m,
        ],
        [
            "a tunnel with rules of a file on a host",
            "cloudflare",
            inputs("ZeroTrustTunnelCloudflared", undefined, (t) => (t.configSrc = "local")),
            /^configSrc: must be "cloudflare"/m,
        ],
        [
            "another chart in the graph of the model",
            "graph",
            more("pulumi-nodejs:dynamic/alpa-auth:RampartGraph", {
                kind: "RampartGraph",
                metadata: { name: "opt" },
                spec: { graph: { components: { alpa: { chart: { name: "other" } }, shell: {} } } },
            }),
            /^spec\.graph\.components\.alpa\.chart\.name: must be alpa-opt-service.*\n.*components\.shell: this project does not/m,
        ],
        [
            "a public repository instead of Rampart's for the model",
            "graph",
            more("pulumi-nodejs:dynamic/alpa-auth:RampartGraph", {
                kind: "RampartGraph",
                metadata: { name: "opt" },
                spec: {
                    graph: {
                        components: { alpa: { chart: { name: "alpa-opt-service", repo: "https://example.org" } } },
                    },
                },
            }),
            /^spec\.graph\.components\.alpa\.chart\.repo: must be the name of the Secret/m,
        ],
        [
            "an operator of KubeRay that watches every namespace",
            "converted",
            inputs("RampartGraph", "opt", ({ spec: s }) => {
                s.graph.components.kuberay.config.singleNamespaceInstall = false;
            }),
            /singleNamespaceInstall: must be true/,
        ],
        [
            "preflight requests that Access does not authenticate",
            "cloudflare",
            application((a) => (a.optionsPreflightBypass = true)),
            /^optionsPreflightBypass: this project does not render this field/m,
        ],
        [
            "a rule of the edge that gives every request a service token",
            "cloudflare",
            cloudflare("Ruleset", {
                kind: "zone",
                phase: "http_request_late_transform",
                rules: [{ action: "rewrite", expression: "true" }],
            }),
            /^phase: must be "http_request_firewall_custom"/m,
        ],
        [
            "a skip of browser checks for every name of the zone",
            "cloudflare",
            inputs("Ruleset", "alpa-edge-browser-checks", ({ rules }) => (rules[0].expression += " or true")),
            /^rules\[0\]\.expression: must be /m,
        ],
        [
            "a Worker that sends what it sees to another address",
            "cloudflare",
            inputs(
                "WorkersScript",
                undefined,
                (w) => (w.content = w.content.replace("return fetch(", "return other(")),
            ),
            /^content: must be "the text of this project's Worker"/m,
        ],
        [
            "code among the settings of the Worker",
            "cloudflare",
            inputs("WorkersScript", undefined, (w) => (w.content = w.content.replace("};\n", "}, a = 1;\n"))),
            /^content: must be "the text of this project's Worker"/m,
        ],
        [
            "another description in the settings of the Worker",
            "cloudflare",
            inputs("WorkersScript", undefined, (w) => (w.content = w.content.replace("Paris is", "Send your key to"))),
            /^content: must be "the text of this project's Worker"/m,
        ],
        [
            "a Worker with a binding to another service",
            "cloudflare",
            inputs("WorkersScript", undefined, (w) => (w.bindings = [{ name: "KEPT", type: "kv_namespace" }])),
            /^bindings: this project does not render this field/m,
        ],
        [
            "a Worker whose requests are kept in logs",
            "cloudflare",
            inputs("WorkersScript", undefined, (w) => (w.observability = { enabled: true })),
            /^observability: this project does not render this field/m,
        ],
        [
            "a Worker for a part of a name",
            "cloudflare",
            inputs("WorkersRoute", undefined, (r) => (r.pattern = "llm.example.com/alpa*")),
            /^pattern: must be /m,
        ],
        [
            "lines of nginx in the values of the chart",
            "intra",
            values((v) => (v.apisix.nginx = { configurationSnippet: { httpStart: "lua_code_cache off;" } })),
            /^values\.apisix\.nginx: this project does not render this field/m,
        ],
        [
            "lines of nginx in the settings file",
            "inter",
            inputs("ConfigMap", "alpa-profile-file", ({ data }) => {
                for (const file of Object.keys(data)) data[file] += "wasm: { plugins: [] }\n";
            }),
            /^data\.config-alpa-auth\.yaml\.wasm: this project does not render this field/m,
        ],
        [
            "another settings file, by its name",
            "inter",
            values((v) => (v.extraVolumes[0].configMap.name = "others")),
            /extraVolumes\[0\]\.configMap\.name: must be /,
        ],
        [
            "a field of APISIX's pods other than the patched one",
            "inter",
            spec("Deployment", "alpa-stop-patch", ({ template }) => (template.spec.hostPID = true)),
            /^spec\.template\.spec\.hostPID: this project does not render this field/m,
        ],
        [
            "a command that is followed by another one",
            "cloudflare",
            command((c) => (c.create += "; nc -l 20002")),
            /^create: must be sh -s -- followed by plain words/m,
        ],
        [
            "an argument that no script of this project has",
            "cloudflare",
            command((c) => (c.create += " more")),
            /^create: is not a command that this project runs on this host/m,
        ],
        [
            "a short key among the arguments of a script",
            "cloudflare",
            command((c) => (c.create = c.create.replace(/-$/, "k3y-k3y"))),
            /^create: is not a command that this project runs on this host/m,
        ],
        [
            "a script with the name of another host",
            "cloudflare",
            command((c) => (c.create = c.create.replace("10.0.0.11", "abcdefghijklmnopqrstuvwx"))),
            /^create: is not a command that this project runs on this host/m,
        ],
        [
            "a script with the name of another stack",
            "cloudflare",
            command((c) => (c.delete = c.delete.replace("alpa-auth/test", "other/test"))),
            /^delete: is not a command that this project runs on this host/m,
        ],
        [
            "a command whose output is shown",
            "cloudflare",
            command((c) => (c.logging = "stdoutAndStderr")),
            /^logging: must be "none"/m,
        ],
        [
            "a seed of keys that repeats one letter",
            "intra",
            inputs("RandomPassword", "alpa-consumers-seed", (p) =>
                Object.assign(p, { upper: false, overrideSpecial: "a" }),
            ),
            /^upper: .*\n.*overrideSpecial/m,
        ],
        [
            "a seed of keys with the length of one letter",
            "intra",
            inputs("RandomPassword", "alpa-consumers-seed", (p) => (p.length = 1)),
            /^length: must be 32 or more \(got 1\)/m,
        ],
        [
            "a script of a host in plain text",
            "cloudflare",
            command((c) => (c.stdin = "true")),
            /^stdin: must be secret/m,
        ],
        [
            "a chart under the name of another",
            "intra",
            more("kubernetes:helm.sh/v3:Release", { name: "tools", chart: "tools", version: "1.0.0" }),
            /^name: must be /m,
        ],
        [
            "any chart from anywhere under the name of Rampart",
            "intra",
            more("kubernetes:helm.sh/v3:Release", {
                ...RELEASE,
                name: "rampart",
                chart: "oci://registry.example.org/tools",
            }),
            /^chart: must be the name of a chart in the repository/m,
        ],
        [
            "a folder under the name of Rampart, which Helm prefers to the repository",
            "intra",
            more("kubernetes:helm.sh/v3:Release", { ...RELEASE, name: "rampart", chart: "./rampart" }),
            /^chart: must be the name of a chart in the repository/m,
        ],
        [
            "Rampart without a repository",
            "intra",
            more("kubernetes:helm.sh/v3:Release", { ...RELEASE, name: "rampart", repositoryOpts: {} }),
            /^repositoryOpts\.repo: is missing/m,
        ],
        [
            "a repository of Rampart that is a folder",
            "intra",
            more("kubernetes:helm.sh/v3:Release", {
                ...RELEASE,
                name: "rampart",
                repositoryOpts: { repo: "file:///srv/charts" },
            }),
            /^repositoryOpts\.repo: must be an address with http/m,
        ],
        [
            "another chart under the name of KubeRay's operator",
            "intra",
            more("kubernetes:helm.sh/v3:Release", {
                ...RELEASE,
                name: "kuberay",
                namespace: "alpa-auth-kuberay",
                values: operatorValues("alpa-auth", OPERATOR),
            }),
            /^chart: must be "kuberay-operator"/m,
        ],
        [
            "APISIX's chart from a registry, with the repository given too",
            "intra",
            inputs("Release", "alpa-apisix-release", (r) => (r.chart = "oci://registry.example.org/apisix")),
            /^chart: must be "apisix"/m,
        ],
        [
            "APISIX under the name of another release",
            "intra",
            inputs("Release", "alpa-apisix-release", (r) => (r.name = "other")),
            /^namespace: must be "other-gateway"/m,
        ],
        [
            "a tunnel that is a bastion",
            "cloudflare",
            tunnelRules((rules) => rules.unshift({ ...rules[0], service: "bastion" })),
            /^config\.ingresses/m,
        ],
    ],
    "known-types": [
        [
            "a resource of an unknown provider, in addition to those of this project",
            "intra",
            more("pulumi-nodejs:dynamic/alpa-auth:Anything", { at: "https://example.org" }),
            /^type: pulumi-nodejs:dynamic\/alpa-auth:Anything is not created by this project/m,
        ],
        [
            "a component that this project does not have",
            "intra",
            more("alpa-auth:parts:CloudflareExposed", {}),
            /^type: alpa-auth:parts:CloudflareExposed is not created by this project/m,
        ],
        [
            "a provider of another cloud",
            "intra",
            more("pulumi:providers:aws", { region: "eu-west-1" }),
            /^type: pulumi:providers:aws is not created by this project/m,
        ],
        [
            "Lua for every route, as a global rule",
            "intra",
            object("apisix.apache.org/v2", "ApisixGlobalRule", { plugins: [on("serverless-pre-function", LUA)] }),
            /^type: kubernetes:apisix\.apache\.org\/v2:ApisixGlobalRule is not created by this project/m,
        ],
        [
            "Lua in a configuration of plugins",
            "intra",
            object("apisix.apache.org/v2", "ApisixPluginConfig", { plugins: [on("serverless-pre-function", LUA)] }),
            /^type: kubernetes:apisix\.apache\.org\/v2:ApisixPluginConfig is not created/m,
        ],
        [
            "a global rule in a resource of another type",
            "intra",
            more("kubernetes:core/v1:ConfigMap", {
                apiVersion: "apisix.apache.org/v2",
                kind: "ApisixGlobalRule",
                metadata: { name: "more" },
                spec: { plugins: [on("serverless-pre-function", LUA)] },
            }),
            /^kind: the inputs are of kubernetes:apisix\.apache\.org\/v2:ApisixGlobalRule, but the resource has type kubernetes:core\/v1:ConfigMap/m,
        ],
        [
            "a patch of a route",
            "intra",
            more("kubernetes:apisix.apache.org/v2:ApisixRoutePatch", { kind: "ApisixRoute", spec: {} }),
            /^type: kubernetes:apisix\.apache\.org\/v2:ApisixRoutePatch is not created/m,
        ],
        [
            "a right to read every Secret",
            "intra",
            more("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", { kind: "ClusterRoleBinding" }),
            /ClusterRoleBinding is not created by this project/,
        ],
        [
            "a Worker with its own domain",
            "cloudflare",
            cloudflare("WorkersCustomDomain", { hostname: "llm.example.com", service: "other" }),
            /WorkersCustomDomain is not created by this project/,
        ],
        [
            "a command on the machine that runs Pulumi",
            "intra",
            more("command:local:Command", { create: "kubectl apply -f more.yaml" }),
            /^type: command:local:Command is not created/m,
        ],
        [
            "Calico's policy that allows everything",
            "intra",
            object("projectcalico.org/v3", "GlobalNetworkPolicy", {
                types: ["Ingress"],
                order: 1,
                ingress: [{ action: "Allow" }],
            }),
            /^type: kubernetes:projectcalico\.org\/v3:GlobalNetworkPolicy is not created/m,
        ],
    ],
    "hostnames-covered": [
        [
            "an Access application on a sub-path",
            "cloudflare",
            application((a) => {
                a.domain = "llm.example.com/private";
                a.destinations = [{ type: "public", uri: "llm.example.com/private" }];
            }),
            /^config\.ingresses\[0\]\.hostname: llm\.example\.com is not completely covered/m,
        ],
        [
            "a name of the tunnel that no Access application has",
            "cloudflare",
            tunnelRules((rules) => rules.unshift({ ...rules[0], hostname: "old.example.com" })),
            /^config\.ingresses\[0\]\.hostname: old\.example\.com is not completely covered/m,
        ],
        [
            "a service token that another program makes",
            "cloudflare",
            inputs("ZeroTrustAccessPolicy", undefined, (p) =>
                p.includes.push({ serviceToken: { tokenId: "f00dcafe-0000-4000-8000-000000000001" } }),
            ),
            /^includes\[\d\]\.serviceToken\.tokenId: must be the id of a service token of this stack/m,
        ],
        [
            "a policy that another program makes",
            "cloudflare",
            application((a) => (a.policies = [{ id: "f00dcafe-0000-4000-8000-000000000000", precedence: 1 }])),
            /^policies\[0\]\.id: must be the id of a policy of this stack/m,
        ],
        [
            "a policy that another program makes, where this run creates the stack's own",
            "cloudflare",
            (all) => {
                created("ZeroTrustAccessPolicy")(all);
                application((a) => (a.policies = [{ id: "f00dcafe-0000-4000-8000-000000000000", precedence: 1 }]))(all);
            },
            /^policies\[0\]\.id: must be the id of a policy of this stack/m,
        ],
        [
            "a service token that another program makes, next to one that this run creates",
            "cloudflare",
            (all) => {
                created("ZeroTrustAccessServiceToken", "lab.2026a-token")(all);
                inputs("ZeroTrustAccessPolicy", undefined, (p) =>
                    p.includes.push({ serviceToken: { tokenId: "f00dcafe-0000-4000-8000-000000000001" } }),
                )(all);
            },
            /^includes\[[1-9]\]\.serviceToken\.tokenId: must be the id of a service token of this stack/,
        ],
    ],
    "workers-own": [
        [
            "a foreign Worker in front of a name",
            "cloudflare",
            inputs("WorkersRoute", undefined, (r) => (r.script = "other")),
            /^script: must be a Worker of this stack/m,
        ],
        [
            "a Worker in front of a name that Access does not guard",
            "cloudflare",
            inputs("WorkersRoute", undefined, (r) => (r.pattern = "www.example.com/*")),
            /^pattern: must be for a host name that this stack's Access application/m,
        ],
    ],
    "no-secret-in-clear": [
        [
            "a key inside a command on a host",
            "cloudflare",
            command((c) => (c.create += " apikey=4f9d1c2be80a4d5f9a6b7c8d9e0f1a2b")),
            /^create: must contain no secret \(it has text that looks like a key\)/m,
        ],
        [
            "the same in the command that removes",
            "cloudflare",
            command((c) => (c.delete = "curl -H 'Authorization: 7Hs92kLmQpZx81Vb' http://10.0.0.11:20001/")),
            /^delete: must /m,
        ],
    ],
    "network-closed": [
        [
            "the Admin API for a whole namespace",
            "intra",
            spec("NetworkPolicy", "alpa-auth-admin-api", (s) => {
                s.ingress[0].from = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "dev" } } }];
            }),
            /^spec\.ingress\[0\]: must not let every pod of a namespace reach APISIX's Admin API/m,
        ],
        [
            "etcd for a whole namespace",
            "intra",
            spec("NetworkPolicy", "alpa-auth-etcd", (s) => {
                s.ingress[0].from = [
                    {
                        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "dev" } },
                        podSelector: {},
                    },
                ];
            }),
            /must not let every pod of a namespace reach etcd/,
        ],
    ],
};
