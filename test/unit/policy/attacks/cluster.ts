import { parse, stringify } from "yaml";
import type { Attack } from ".";
import { inputs, more, secret, secretText, spec, values, without } from "./changes";

const service = (given: object) => more("kubernetes:core/v1:Service", { kind: "Service", metadata: {}, spec: given });
const own = { selector: { a: "b" } };
const pod = (change: (pod: any) => void) =>
    spec("Deployment", "alpa-auth-cloudflared", ({ template }) => change(template.spec));
const policy = (name: string, change: (spec: any) => void) => spec("NetworkPolicy", `alpa-policies-${name}`, change);
/** A change of APISIX's settings file. */
const file = (change: (settings: any) => void) =>
    inputs("ConfigMap", "alpa-profile", ({ data }) => {
        const settings = parse(data["config-alpa-auth.yaml"]);
        change(settings);
        data["config-alpa-auth.yaml"] = stringify(settings);
    });
const annotated = (kind: string, name: string | undefined, annotation: string) =>
    inputs(kind, name, ({ metadata }) => (metadata.annotations[annotation] = "true"));

export const CLUSTER: Record<string, Attack[]> = {
    "settings-listed": [
        [
            "an annotation that changes how a route is served",
            annotated("ApisixRoute", undefined, "k8s.apisix.apache.org/upstream-host"),
            "metadata.annotations.k8s.apisix.apache.org/upstream-host: is not in policy/lists.yaml",
        ],
        [
            "an annotation of a pod that injects a container",
            spec("Deployment", "alpa-auth-cloudflared", ({ template }) => {
                template.metadata.annotations["sidecar.istio.io/inject"] = "true";
            }),
            "spec.template.metadata.annotations.sidecar.istio.io/inject",
            "exposed",
        ],
        [
            "a list of plugins, which switches off others",
            values((v) => (v.apisix.plugins = ["a"])),
            "values.apisix.plugins",
        ],
        [
            "code that APISIX loads",
            values((v) => (v.apisix.luaModuleHook = { enabled: true })),
            /luaModuleHook: is not in/,
            "graph",
        ],
        ["a container next to APISIX", values((v) => (v.extraContainers = [{ name: "a" }])), "values.extraContainers"],
        ["objects that a chart creates", values((v) => (v.extraDeploy = [{ kind: "Pod" }])), "values.extraDeploy"],
        ["another file for APISIX", values((v) => v.extraVolumes.push({ name: "a" })), "values.extraVolumes"],
        ["another etcd", values((v) => (v.externalEtcd.host = ["http://10.9.9.9:2379"])), "values.externalEtcd.host"],
        [
            "an Admin API without a key",
            file((s) => (s.deployment.admin.admin_key_required = false)),
            /admin_key_required/,
        ],
        [
            "a key of the Admin API in the file",
            file((s) => (s.deployment.admin.admin_key[0].key = "a")),
            /admin_key\[0\]/,
        ],
        ["another etcd in the file", file((s) => (s.deployment.etcd.host = ["http://10.9.9.9:2379"])), /etcd\.host/],
        ["a control API for all", file((s) => (s.apisix.control.ip = "0.0.0.0")), /apisix\.control\.ip has another/],
        ["a log elsewhere", file((s) => (s.nginx_config.http.access_log = "syslog:server=10.9.9.9")), /access_log has/],
        ["a module of nginx", file((s) => (s.nginx_config.main_configuration_snippet = "load_module a;")), /main_conf/],
        [
            "another file of settings",
            inputs("ConfigMap", "alpa-profile", ({ data }) => (data["a.lua"] = "")),
            "data.a.lua",
        ],
        [
            "a file of values",
            inputs("Release", undefined, (r) => (r.valueYamlFiles = [{ path: "a" }])),
            "valueYamlFiles",
        ],
        ["a post-renderer", inputs("Release", undefined, (r) => (r.postrender = "./change.sh")), "postrender"],
        [
            "a key in the values",
            values((v) => (v.apisix.admin.credentials.admin = "a")),
            "values.apisix.admin.credentials.admin",
        ],
    ],
    "ports-closed": [
        ["a node port", service({ ...own, type: "NodePort" }), "spec.type: must be ClusterIP"],
        [
            "a load balancer",
            spec("Service", "alpa-auth-counters", (s) => (s.type = "LoadBalancer")),
            "spec.type: must be ClusterIP",
            "inter",
        ],
        ["addresses from outside", service({ ...own, externalIPs: ["10.0.0.9"] }), "spec.externalIPs: must be unset"],
        [
            "a Service that is another host",
            service({ ...own, type: "ExternalName", externalName: "a" }),
            "spec.externalName",
        ],
        ["a Service without pods", service({ type: "ClusterIP" }), "spec.selector: must select pods"],
        [
            "pods in the network of their node",
            pod((p) => (p.hostNetwork = true)),
            /hostNetwork: must be off/,
            "exposed",
        ],
        ["a host port", pod((p) => (p.containers[0].ports[0].hostPort = 2000)), /hostPort: must be unset/, "exposed"],
        [
            "a privileged container",
            pod((p) => (p.containers[0].securityContext.privileged = true)),
            /privileged: must/,
            "exposed",
        ],
        [
            "a head of Ray with a node port",
            spec("RayCluster", undefined, (s) => (s.headGroupSpec.serviceType = "NodePort")),
            "spec.headGroupSpec.serviceType: must be ClusterIP",
            "converted",
        ],
        [
            "an Ingress for Ray's dashboard",
            spec("RayCluster", undefined, (s) => (s.headGroupSpec.enableIngress = true)),
            "spec.headGroupSpec.enableIngress: must be off",
            "converted",
        ],
        ["the Admin API on every node", values((v) => (v.apisix.admin.type = "NodePort")), "values.apisix.admin.type"],
        [
            "an entry point at a load balancer",
            values((v) => (v.service.type = "LoadBalancer")),
            /service\.type: must be/,
            "graph",
        ],
        [
            "etcd on every node",
            values((v) => (v.etcd.service = { type: "NodePort" })),
            /etcd\.service\.type: must be/,
            "graph",
        ],
        [
            "an Ingress for the Admin API",
            values((v) => (v.apisix.admin.ingress = { enabled: true })),
            /ingress\.enabled/,
        ],
    ],
    "network-closed": [
        [
            "a namespace that no policy closes",
            without("NetworkPolicy", "alpa-policies-closed"),
            /^namespace \S+: must have/,
        ],
        ["an Admin API for all", policy("apisix", (s) => delete s.ingress[1].from), /reach port 9180/],
        [
            "an Admin API for addresses",
            policy("apisix", (s) => (s.ingress[1].from = [{ ipBlock: {} }])),
            /let everybody reach port 9180/,
        ],
        [
            "an Admin API for every pod",
            policy("apisix", (s) => (s.ingress[1].from = [{ podSelector: {} }])),
            /let everybody reach port 9180/,
        ],
        [
            "an Admin API for every pod of a namespace",
            policy("apisix", (s) => (s.ingress[1].from = [{ namespaceSelector: { matchLabels: { a: "b" } } }])),
            /let everybody reach port 9180/,
        ],
        [
            "an Admin API for pods with any value of a label",
            policy("apisix", ({ ingress }) => {
                ingress[1].from = [{ podSelector: { matchExpressions: [{ key: "a", operator: "Exists" }] } }];
            }),
            /let everybody reach port 9180/,
        ],
        ["a range of ports", policy("apisix", (s) => (s.ingress[0].ports[0].endPort = 9200)), /reach port 9080/],
        ["every port", policy("apisix", (s) => delete s.ingress[0].ports), "spec.ingress[0]: must name the ports"],
        [
            "an Admin API for another pod",
            policy("apisix", (s) => (s.ingress[1].from = [{ podSelector: { matchLabels: { app: "foreign" } } }])),
            "spec.ingress[1].from[0].podSelector: must select pods of this project",
        ],
        [
            "an etcd for the gateway of another namespace",
            spec("NetworkPolicy", "alpa-etcd-policy", ({ ingress }) => {
                ingress[0].from[0].namespaceSelector.matchLabels["kubernetes.io/metadata.name"] = "foreign";
            }),
            "spec.ingress[0].from[0].namespaceSelector: must be a namespace of this stack",
        ],
    ],
    "own-keys": [
        ["a chart without a key", values((v) => delete v.apisix.admin.credentials.secretName), /secretName: must name/],
        [
            "the default key of the chart",
            values((v) => (v["ingress-controller"].gatewayProxy.createDefault = true)),
            /createDefault: must be false/,
            "graph",
        ],
        ["a known key", secretText("apisix-admin-keys", "admin", "edd1c9f034335f136f87ad84b625c8f1"), /publicly known/],
        ["a short key of a caller", secretText("lab.2026a", "key", "lab"), /data\.key: must have at least 16/],
        [
            "a key that APISIX reads elsewhere",
            secretText("lab.2026a", "key", "$env://HOSTNAME-0123456"),
            /begin with \$/,
        ],
        ["a short generated key", inputs("RandomPassword", "seed", (p) => (p.length = 8)), "length: must be"],
        [
            "a Secret that other namespaces get",
            inputs("Secret", "lab.2026a", ({ metadata }) => (metadata.annotations = {})),
            "metadata.annotations: must have propagate.hnc",
        ],
        [
            "a known key of the encryption",
            inputs("Secret", "lab.2026a", (given) => (given.stringData = secret({ keyring: "qeddd145sfvddff3" }))),
            /keyring: must not be a publicly known key/,
        ],
    ],
    "fields-allowed": [
        [
            "the token of an account",
            more("kubernetes:core/v1:Secret", { kind: "Secret", type: "kubernetes.io/service-account-token" }),
            "type: must be Opaque",
        ],
    ],
    "versions-pinned": [
        [
            "an image without a version",
            pod((p) => (p.containers[0].image = "cloudflare/cloudflared:latest")),
            /one version/,
            "exposed",
        ],
        [
            "an image without a tag",
            pod((p) => (p.containers[0].image = "cloudflare/cloudflared")),
            /one version/,
            "exposed",
        ],
        [
            "an image of another registry",
            pod((p) => (p.containers[0].image = "evil/cloudflared:2026.8.2")),
            /repository/,
            "exposed",
        ],
        [
            "an APISIX of another registry",
            values((v) => (v.image.repository = "evil/apisix")),
            /image\.repository: must/,
        ],
        [
            "a chart of another repository",
            inputs(
                "RampartGraph",
                undefined,
                (r) => (r.spec.graph.components.apisix.chart.repo = "https://example.org"),
            ),
            "repository of chart apisix",
            "graph",
        ],
        ["an old APISIX", values((v) => (v.image.tag = "3.16.0-ubuntu")), "values.image.tag: must be APISIX 3.17"],
        ["a moving tag", values((v) => (v.image.tag = "3.18-ubuntu")), /image\.tag: must be one version/, "graph"],
        [
            "a chart of any version",
            inputs("Release", undefined, (r) => (r.version = "^2.14.0")),
            "version of chart apisix",
        ],
    ],
};
