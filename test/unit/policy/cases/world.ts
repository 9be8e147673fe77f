import type { Case } from ".";
import { find, inputs, more, spec, values, without } from "./changes";

const service = (given: object) => more("kubernetes:core/v1:Service", { kind: "Service", metadata: {}, spec: given });
const pod = (change: (pod: any) => void) =>
    spec("Deployment", "alpa-auth-cloudflared", ({ template }) => change(template.spec));
const ray = (head: object) =>
    more("kubernetes:ray.io/v1:RayCluster", { kind: "RayCluster", metadata: {}, spec: { headGroupSpec: head } });
const policy = (name: string, change: (spec: any) => void) => spec("NetworkPolicy", `alpa-auth-${name}`, change);
const OPEN = { from: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: 9000, endPort: 9200 }] };

export const WORLD: Record<string, Case[]> = {
    "ports-closed": [
        [
            "a node port of the Admin API",
            "intra",
            service({ type: "NodePort", ports: [{ port: 80, targetPort: 9180 }] }),
            /^spec\.ports\[0\]: must not open APISIX's Admin API to the outside \(NodePort\)/m,
        ],
        [
            "a load balancer of Alpa",
            "intra",
            service({ type: "LoadBalancer", ports: [{ port: 20001 }] }),
            /must not open Alpa to the outside \(LoadBalancer\)/,
        ],
        [
            "addresses from outside for Ray's dashboard",
            "intra",
            service({ externalIPs: ["10.0.0.9"], ports: [{ port: 8265 }] }),
            /must not open Ray's dashboard to the outside \(externalIPs\)/,
        ],
        [
            "a node port of etcd, whatever its number",
            "intra",
            service({ type: "NodePort", selector: { "app.kubernetes.io/name": "etcd" }, ports: [{ port: 80 }] }),
            /^spec: must not open etcd/m,
        ],
        [
            "a node port of Ray, whatever its number",
            "intra",
            service({ type: "NodePort", selector: { "ray.io/node-type": "head" }, ports: [{ port: 80 }] }),
            /^spec: must not open Ray/m,
        ],
        [
            "a port by its name, which does not say what it is",
            "intra",
            service({ type: "NodePort", ports: [{ port: 80, targetPort: "admin" }] }),
            /^spec\.ports\[0\]\.targetPort: must be a number \(got "admin"\)/m,
        ],
        [
            "a node port of the counters of limits",
            "inter",
            spec("Service", "alpa-auth-counters", (s) => (s.type = "NodePort")),
            /must not open Ray, or the server that counts limits/,
        ],
        [
            "pods in the network of their node",
            "exposed",
            pod((p) => (p.hostNetwork = true)),
            /hostNetwork: must be off/,
        ],
        [
            "a host port of a pod",
            "exposed",
            pod((p) => (p.containers[0].ports[0].hostPort = 2000)),
            /must not use a port of the node \(hostPort 2000\)/,
        ],
        [
            "a head of Ray with a node port",
            "intra",
            ray({ serviceType: "NodePort" }),
            /headGroupSpec\.serviceType: must be ClusterIP \(got "NodePort"\)/,
        ],
        [
            "a head of Ray with a Service of its own",
            "intra",
            ray({ headService: { spec: { type: "LoadBalancer" } } }),
            /headService\.spec\.type: must be ClusterIP/,
        ],
        ["an Ingress for Ray's dashboard", "intra", ray({ enableIngress: true }), /enableIngress: must be off/],
        [
            "workers of Ray in the network of their node",
            "intra",
            more("kubernetes:ray.io/v1:RayCluster", {
                kind: "RayCluster",
                spec: { workerGroupSpecs: [{ template: { spec: { hostNetwork: true } } }] },
            }),
            /workerGroupSpecs\.0\.template\.spec\.hostNetwork: must be off/,
        ],
        [
            "a chart that opens the Admin API on every node",
            "intra",
            values((v) => (v.apisix.admin.type = "NodePort")),
            /^values\.apisix\.admin\.type: must be ClusterIP/m,
        ],
        [
            "a chart that opens etcd",
            "graph",
            values((v) => (v.etcd = { service: { type: "LoadBalancer" } })),
            /etcd\.service\.type: must be ClusterIP/,
        ],
        [
            "a chart with addresses for the Admin API",
            "intra",
            values((v) => (v.apisix.admin.externalIPs = ["10.0.0.9"])),
            /externalIPs: must be empty/,
        ],
        [
            "a chart in the network of the nodes",
            "intra",
            values((v) => (v.hostNetwork = true)),
            /^values\.hostNetwork: must be off/m,
        ],
        [
            "an entry point that is the Admin API",
            "intra",
            values((v) => (v.service.http.containerPort = 9180)),
            /^values\.service: must not open port 9180/m,
        ],
        [
            "a second entry point that is the Admin API",
            "intra",
            values((v) => (v.service.http.additionalContainerPorts = [{ port: 9180 }])),
            /^values\.service: must not open port 9180/m,
        ],
    ],
    "network-closed": [
        [
            "the Admin API for all sources",
            "intra",
            policy("admin-api", (s) => delete s.ingress[0].from),
            /^spec\.ingress\[0\]: must not let everybody reach APISIX's Admin API/m,
        ],
        [
            "a range of ports with the Admin API in it",
            "intra",
            policy("callers", (s) => s.ingress.push(OPEN)),
            /^spec\.ingress\[1\]: must not let addresses reach APISIX's Admin API/m,
        ],
        [
            "etcd for every pod of the cluster",
            "intra",
            policy("etcd", (s) => (s.ingress[0].from = [{ namespaceSelector: {} }])),
            /must not let every pod of the cluster reach etcd/,
        ],
        [
            "etcd for every pod of its namespace",
            "intra",
            policy("etcd", (s) => (s.ingress[0].from = [{ podSelector: {} }])),
            /must not let every pod of its namespace reach etcd/,
        ],
        [
            "an ingress rule without ports",
            "intra",
            policy("callers", (s) => delete s.ingress[0].ports),
            /^spec\.ingress\[0\]: must name the ports that everybody may reach/m,
        ],
        [
            "half of all addresses",
            "intra",
            policy("etcd", (s) => (s.ingress[0].from = [{ ipBlock: { cidr: "0.0.0.0/1" } }])),
            /must not let addresses reach etcd/,
        ],
        [
            "a network of hosts for the Admin API",
            "intra",
            policy("admin-api", (s) => s.ingress[0].from.push({ ipBlock: { cidr: "10.0.0.0/8" } })),
            /must not let addresses reach APISIX's Admin API/,
        ],
        [
            "an expression that nearly all namespaces match",
            "intra",
            policy("etcd", (s) => {
                s.ingress[0].from = [
                    {
                        namespaceSelector: { matchExpressions: [{ key: "a", operator: "DoesNotExist" }] },
                        podSelector: {},
                    },
                ];
            }),
            /must not let every pod of the cluster reach etcd/,
        ],
        [
            "a port by its name, for all sources",
            "intra",
            policy("callers", (s) => (s.ingress[0].ports = [{ port: "admin" }])),
            /^spec\.ingress\[0\]\.ports: must be numbers \(got "admin"\)/m,
        ],
        [
            "counters of limits for all sources",
            "inter",
            policy("counters", (s) => delete s.ingress[0].from),
            /must not let everybody reach Ray, or the server that counts/,
        ],
        [
            "a gateway in a namespace that is not closed",
            "intra",
            without("NetworkPolicy", "alpa-policies-closed"),
            /^namespace alpa-auth-gateway: must have a NetworkPolicy that closes every pod/m,
        ],
        [
            "a gateway by Rampart in a namespace that is not closed",
            "graph",
            without("NetworkPolicy", "alpa-policies-closed"),
            /^namespace alpa-auth-gateway-apisix: must have a NetworkPolicy/m,
        ],
        [
            "etcd in a namespace that is not closed",
            "intra",
            without("NetworkPolicy", "alpa-etcd-policy-closed"),
            /^namespace alpa-auth-etcd: must have a NetworkPolicy that closes every pod/m,
        ],
        [
            "a namespace that is closed for some pods only",
            "intra",
            spec("NetworkPolicy", "alpa-policies-closed", (s) => (s.podSelector = { matchLabels: { a: "b" } })),
            /must have a NetworkPolicy that closes every pod/,
        ],
        [
            "a namespace that is closed for egress only",
            "intra",
            spec("NetworkPolicy", "alpa-policies-closed", (s) => (s.policyTypes = ["Egress"])),
            /must have a NetworkPolicy that closes every pod/,
        ],
    ],
    "versions-pinned": [
        [
            "the latest image",
            "exposed",
            pod((p) => (p.containers[0].image = "cloudflare/cloudflared:latest")),
            /containers\[0\]\.image: must be one version \(got "cloudflare\/cloudflared:latest"\)/,
        ],
        [
            "an image without a tag",
            "inter",
            spec(
                "Deployment",
                "alpa-auth-counters",
                ({ template }) => (template.spec.containers[0].image = "mirror:5000/valkey"),
            ),
            /image: must be one version/,
        ],
        [
            "a tag that moves with patches",
            "exposed",
            pod((p) => (p.containers[0].image = "cloudflare/cloudflared:2026.8")),
            /image: must be one version/,
        ],
        [
            "a range of chart versions",
            "intra",
            inputs("Release", "alpa-apisix-release", (r) => (r.version = "^2.14.0")),
            /^version of chart apisix: must be one version/m,
        ],
        [
            "any chart version",
            "graph",
            inputs("RampartGraph", "gateway", ({ spec: s }) => delete s.graph.components.apisix.chart.version),
            /^version of chart apisix: must be one version \(got nothing\)/m,
        ],
        [
            "the chart's own etcd, which is the latest",
            "intra",
            values((v) => delete v.etcd.enabled),
            /^values\.etcd\.image\.tag: must be one version \(got nothing\)/m,
        ],
        [
            "definitions from a branch",
            "intra",
            inputs(
                "ConfigGroup",
                "alpa-apisix-crds",
                (g) => (g.files = ["https://raw.example.org/apisix/main/crd.yaml"]),
            ),
            /^files: must be one version/m,
        ],
    ],
    "values-seen": [
        [
            "values of the chart in a separate file",
            "intra",
            inputs("Release", "alpa-apisix-release", (r) => (r.valueYamlFiles = [{ path: "more.yaml" }])),
            /^valueYamlFiles: must be empty/m,
        ],
        [
            "a program that changes the chart's objects",
            "intra",
            inputs("Release", "alpa-apisix-release", (r) => (r.postrender = "./change.sh")),
            /^postrender: must be unset/m,
        ],
        [
            "a program that changes another chart's objects",
            "intra",
            more("kubernetes:helm.sh/v3:Release", { name: "rampart", chart: "./more", postrender: "./change.sh" }),
            /^postrender: must be unset/m,
        ],
        [
            "values of another chart in a separate file",
            "intra",
            more("kubernetes:helm.sh/v3:Release", {
                name: "rampart",
                chart: "./more",
                valueYamlFiles: [{ path: "x" }],
            }),
            /^valueYamlFiles: must be empty/m,
        ],
        [
            "objects other than APISIX as values of its chart",
            "intra",
            values((v) => (v.extraDeploy = [{ kind: "Service", spec: { type: "NodePort" } }])),
            /^values\.extraDeploy: must be empty/m,
        ],
        [
            "the same for its sub-chart",
            "intra",
            values((v) => (v.etcd.extraDeploy = [{ kind: "ConfigMap" }])),
            /^values\.etcd\.extraDeploy: must be empty/m,
        ],
    ],
    "inter-outlives-a-node": [
        [
            "two gateways",
            "inter",
            values((v) => (v.replicaCount = 2)),
            /^values\.replicaCount: must be 3 or more \(got 2\)/m,
        ],
        [
            "gateways without a budget",
            "interExposed",
            values((v) => (v.podDisruptionBudget.enabled = false)),
            /config\.podDisruptionBudget\.enabled: must be true/,
        ],
        [
            "a budget that stops every drain",
            "inter",
            values((v) => delete v.podDisruptionBudget.minAvailable),
            /podDisruptionBudget\.minAvailable: must be ""/,
        ],
        [
            "gateways on one node",
            "inter",
            values((v) => delete v.topologySpreadConstraints),
            /topologySpreadConstraints: must keep the pods on different nodes/,
        ],
        [
            "one etcd",
            "inter",
            spec("StatefulSet", "etcd", (s) => (s.replicas = 1)),
            /^spec\.replicas: must be 3 or more \(got 1\)/m,
        ],
        [
            "etcd without a budget",
            "inter",
            without("PodDisruptionBudget", "etcd"),
            /^spec\.replicas: 3 pods must have a PodDisruptionBudget/m,
        ],
        [
            "one ingress controller",
            "inter",
            values((v) => (v["ingress-controller"].deployment.replicas = 1)),
            /ingress-controller\.deployment\.replicas: must be 2 or more/,
        ],
        [
            "controllers without a budget",
            "inter",
            without("PodDisruptionBudget", "alpa-auth-ingress-controller"),
            /^values\.ingress-controller: must have a PodDisruptionBudget outside the chart/m,
        ],
        [
            "a budget for the controllers of another namespace",
            "interExposed",
            inputs("PodDisruptionBudget", "alpa-auth-ingress-controller", (b) => (b.metadata.namespace = "other")),
            /ingress-controller: must have a PodDisruptionBudget outside the chart/,
        ],
        [
            "one connector",
            "interExposed",
            spec("Deployment", "alpa-auth-cloudflared", (s) => (s.replicas = 1)),
            /^spec\.replicas: must be 2 or more \(got 1\)/m,
        ],
        [
            "connectors without a budget",
            "interExposed",
            without("PodDisruptionBudget", "alpa-auth-cloudflared"),
            /2 pods must have a PodDisruptionBudget/,
        ],
        [
            "a budget for other pods",
            "interExposed",
            spec("PodDisruptionBudget", "alpa-auth-cloudflared", (s) => (s.selector.matchLabels = { a: "b" })),
            /2 pods must have a PodDisruptionBudget/,
        ],
        [
            "gateways that are killed early",
            "inter",
            without("Deployment", "alpa-stop-patch"),
            /must be more than the longest answer, 600 s \(got nothing;/,
        ],
        [
            "gateways that are killed before the longest answer",
            "inter",
            spec(
                "Deployment",
                "alpa-stop-patch",
                ({ template }) => (template.spec.terminationGracePeriodSeconds = 300),
            ),
            /must be more than the longest answer, 600 s \(got 300;/,
        ],
    ],
    "service-tokens-only": [
        [
            "a policy that redirects to a login page",
            "cloudflare",
            inputs("ZeroTrustAccessPolicy", undefined, (p) => (p.decision = "allow")),
            /^decision: must be non_identity \(got "allow"\)/m,
        ],
        [
            "a policy for everyone",
            "cloudflare",
            inputs("ZeroTrustAccessPolicy", undefined, (p) => p.includes.push({ everyone: {} })),
            /^includes: must be only service tokens \(got everyone\)/m,
        ],
        [
            "a policy for any token of the account",
            "cloudflare",
            inputs("ZeroTrustAccessPolicy", undefined, (p) => (p.includes = [{ anyValidServiceToken: {} }])),
            /got anyValidServiceToken/,
        ],
        [
            "a policy without a peer",
            "cloudflare",
            inputs("ZeroTrustAccessPolicy", undefined, (p) => (p.includes = [])),
            /^includes: must list the tokens/m,
        ],
        [
            "a policy inside the application",
            "cloudflare",
            inputs("ZeroTrustAccessApplication", undefined, (a) =>
                a.policies.push({ decision: "bypass", includes: [{ everyone: {} }] }),
            ),
            /^policies\[1\]\.decision: must be non_identity \(got "bypass"\)/m,
        ],
        [
            "a policy of the provider's older class",
            "cloudflare",
            more("cloudflare:index/accessPolicy:AccessPolicy", { decision: "bypass", includes: [{ everyone: {} }] }),
            /^decision: must be non_identity \(got "bypass"\)/m,
        ],
        [
            "an application of the provider's older class",
            "cloudflare",
            more("cloudflare:index/accessApplication:AccessApplication", {
                policies: [{ decision: "non_identity", includes: [{ everyone: {} }] }],
            }),
            /^policies\[0\]\.includes: must be only service tokens/m,
        ],
    ],
    "zone-protected": [
        [
            "a zone that a destroy deletes",
            "cloudflare",
            (all) => (find(all, "Zone", "alpa-zone-zone").protect = false),
            /^protect: must be on for a zone/m,
        ],
    ],
};
