/** Every kind that this project makes, and what changes of it mean. A kind that is not here is a risk. */
import type { Change } from "./changes";
import type { Difference } from "./differences";
import { nothing, UNNOTICED, type KindRule, type Row, type Verdicts } from "./rule";
import { titleOf } from "./title";
import { consumer, random, secret } from "./rules-callers";
import * as edge from "./rules-edge";
import { configMap, deploymentPatch, graph, release } from "./rules-gateway";
import { hostCommand } from "./rules-hosts";
import * as kubernetes from "./rules-kubernetes";
import { route, upstream } from "./rules-route";

export const RULES: Record<string, KindRule | undefined> = {
    "kubernetes Consumer": consumer,
    "kubernetes Secret": secret,
    "kubernetes ApisixRoute": route,
    "kubernetes ApisixUpstream": upstream,
    "kubernetes ApisixTls": kubernetes.apisixTls,
    "kubernetes Certificate": kubernetes.certificate,
    "kubernetes Release": release,
    "kubernetes DeploymentPatch": deploymentPatch,
    "kubernetes ConfigMap": configMap,
    "kubernetes Namespace": kubernetes.namespace,
    "kubernetes GatewayProxy": kubernetes.wiring,
    "kubernetes IngressClass": kubernetes.wiring,
    "kubernetes GatewayClass": kubernetes.wiring,
    "kubernetes Gateway": kubernetes.wiring,
    "kubernetes NetworkPolicy": kubernetes.networkPolicy,
    "kubernetes PodDisruptionBudget": kubernetes.budget,
    "kubernetes Deployment": kubernetes.deployment,
    "kubernetes Service": kubernetes.service,
    "kubernetes CustomResourceDefinition": kubernetes.definition,
    "dynamic RampartGraph": graph,
    // Waits and memories: nothing is made anywhere for them.
    "dynamic Awaited": UNNOTICED,
    "dynamic ConsumersAccepted": UNNOTICED,
    "dynamic RampartGuard": UNNOTICED,
    "dynamic SecretVersions": UNNOTICED,
    "random RandomPassword": random,
    "random RandomUuid": random,
    "cloudflare ZeroTrustAccessServiceToken": edge.serviceToken,
    "cloudflare ZeroTrustAccessPolicy": edge.accessPolicy,
    "cloudflare ZeroTrustAccessApplication": edge.accessApplication,
    "cloudflare ZeroTrustTunnelCloudflared": edge.tunnel,
    "cloudflare ZeroTrustTunnelCloudflaredConfig": edge.tunnelConfig,
    "cloudflare DnsRecord": edge.dnsRecord,
    "cloudflare Zone": edge.zone,
    "cloudflare ZoneDnssec": edge.dnssec,
    "cloudflare Ruleset": edge.ruleset,
    "cloudflare ZoneSetting": edge.zoneSetting,
    "cloudflare NotificationPolicy": edge.notification,
    "command Command": hostCommand,
    "pulumi Provider": kubernetes.provider,
};

/** Prefixes of labels and annotations that nothing acts upon but Pulumi, people and this project. */
const OURS = /^(alpa-auth\.io|pulumi\.com|app\.kubernetes\.io|meta\.helm\.sh)\//;

/** Of every kind, after its own rows. */
export const COMMON: Row[] = [
    ["metadata/labels/**", mark],
    ["metadata/annotations/**", mark],
    // Another name or namespace is another object: told by its replacement.
    ["metadata/name", nothing],
    ["metadata/namespace", nothing],
];

function mark({ path }: Difference, change: Change): Verdicts {
    if (OURS.test(String(path[2])))
        return { code: "changed-inside", says: `${titleOf(change)}: labels or annotations change` };
    return { code: "other-change", says: `${titleOf(change)}: a label or annotation of others changes` };
}
