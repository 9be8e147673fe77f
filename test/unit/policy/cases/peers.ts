/** Cases about peers of network policies, TLS settings, and references to another stack. */
import type { Case } from ".";
import { inputs, spec, without } from "./changes";

const policy = (name: string, change: (spec: any) => void) => spec("NetworkPolicy", `alpa-auth-${name}`, change);
const otherNamespace = (peer: any) => (peer.namespaceSelector.matchLabels["kubernetes.io/metadata.name"] = "other");
const token = (change: (inputs: any) => void) => inputs("ZeroTrustAccessServiceToken", "lab.2026a-token", change);

export const PEERS: Record<string, Case[]> = {
    "as-rendered": [
        [
            "counters of limits for the gateway of another namespace",
            "inter",
            policy("counters", ({ ingress }) => otherNamespace(ingress[0].from[0])),
            /^spec\.ingress\[0\]\.from\[0\]\.namespaceSelector: must be the namespace alpa-auth-gateway \(got "other"\)/m,
        ],
        [
            "Alpa in the cluster for the gateway of another namespace",
            "converted",
            spec("NetworkPolicy", "alpa-opt", (given) => otherNamespace(given.ingress[0].from[0])),
            /^spec\.ingress\[0\]\.from\[0\]\.namespaceSelector: must be the namespace/m,
        ],
        [
            "callers through the connectors of another namespace",
            "exposed",
            policy("callers", ({ ingress }) => otherNamespace(ingress[0].from[0])),
            /^spec\.ingress\[0\]\.from\[0\]\.namespaceSelector: must be the namespace alpa-auth \(got "other"\)/m,
        ],
        [
            "callers from anywhere in addition to a tunnel",
            "exposed",
            policy("callers", ({ ingress }) => delete ingress[0].from),
            /^spec\.ingress\[0\]\.from: must name the connectors/m,
        ],
        [
            "callers through connectors that are not there",
            "exposed",
            without("Deployment", "alpa-auth-cloudflared"),
            /^spec\.ingress\[0\]\.from\[0\]\.namespaceSelector: must not admit pods that this stack does not have/m,
        ],
        [
            "connectors that reach any pods of the gateway's namespace",
            "exposed",
            policy("cloudflared", ({ egress }) => delete egress[1].to[0].podSelector),
            /^spec\.egress\[1\]\.to\[0\]\.podSelector: must be the pods of the gateway/m,
        ],
        [
            "metrics of connectors for an address instead of named pods",
            "exposed",
            policy("cloudflared", ({ ingress }) => (ingress[0].from = [{ ipBlock: { cidr: "0.0.0.0/0" } }])),
            /^spec\.ingress\[0\]\.from\[0\]/m,
        ],
        [
            "connectors that reach etcd",
            "exposed",
            policy("cloudflared", ({ egress }) => {
                egress[1].to[0].podSelector.matchLabels = { "app.kubernetes.io/name": "etcd" };
            }),
            /^spec\.egress\[1\]\.to\[0\]\.podSelector: must be the pods of the gateway/m,
        ],
        [
            "connectors that reach the Admin API",
            "exposed",
            policy("cloudflared", ({ egress }) => (egress[1].ports[0].port = 9180)),
            /^spec\.egress\[1\]\.ports\[0\]\.port: must be 9080/m,
        ],
        [
            "connectors that reach a namespace to which no tunnel leads",
            "existing",
            policy("cloudflared", ({ egress }) => otherNamespace(egress[1].to[0])),
            /^spec\.egress\[1\]\.to\[0\]\.namespaceSelector: must be the namespace edge/m,
        ],
        [
            "a certificate from the Secret of another namespace",
            "tls",
            spec("ApisixTls", undefined, ({ secret }) => (secret.namespace = "other")),
            /namespace: must be /m,
        ],
        [
            "a certificate that requests client certificates",
            "tls",
            spec("ApisixTls", undefined, (s) => (s.client = { caSecret: { name: "ca", namespace: "other" } })),
            /^spec\.client: this project does not render this field/m,
        ],
        [
            "a certificate that signs others",
            "tls",
            spec("Certificate", undefined, (s) => (s.isCA = true)),
            /^spec\.isCA: this project does not render this field/m,
        ],
        [
            "a private key that stays when a certificate is renewed",
            "tls",
            spec("Certificate", undefined, ({ privateKey }) => (privateKey.rotationPolicy = "Never")),
            /^spec\.privateKey\.rotationPolicy: must be "Always"/m,
        ],
        [
            "mail about tokens that is disabled",
            "cloudflare",
            inputs("NotificationPolicy", undefined, (n) => (n.enabled = false)),
            /^enabled: must be true/m,
        ],
        [
            "a webhook that is notified about tokens",
            "cloudflare",
            inputs("NotificationPolicy", undefined, ({ mechanisms }) => (mechanisms.webhooks = [{ id: "other" }])),
            /^mechanisms\.webhooks: this project does not render this field/m,
        ],
        [
            "a token duration that no stack config allows",
            "cloudflare",
            token((given) => (given.duration = "100y")),
            /^duration: must be a duration in hours/m,
        ],
        [
            "a token whose earlier secret never expires",
            "cloudflare",
            token((given) => (given.clientSecretVersion = 2)),
            /^(clientSecretVersion|previousClientSecretExpiresAt): this project /m,
        ],
        [
            "a token under the name of another stack",
            "cloudflare",
            token((given) => (given.name = "other/stack/lab/2026a")),
            /^name: must begin with alpa-auth\/test\//m,
        ],
        [
            "a budget that lets a drain evict all connectors",
            "exposed",
            spec("PodDisruptionBudget", "alpa-auth-cloudflared", (b) => (b.maxUnavailable = "100%")),
            /^spec\.maxUnavailable: must be 1/m,
        ],
        [
            "a budget that lets a drain evict all ingress controllers",
            "inter",
            spec("PodDisruptionBudget", "alpa-auth-ingress-controller", (b) => (b.maxUnavailable = 2)),
            /^spec\.maxUnavailable: must be 1/m,
        ],
    ],
};
