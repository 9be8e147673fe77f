/** The rule of every kind of resource that this project creates. The review reports changes of other kinds as a risk. */
import type { Change } from "./changes";
import type { Difference } from "./differences";
import { nothing, UNNOTICED, type KindRule, type Row, type Verdicts } from "./rule";
import { titleOf } from "./resource-title";
import { accessApplication, accessPolicy } from "./rules/access";
import * as cluster from "./rules/cluster";
import { consumer } from "./rules/consumers";
import { random, revocations, secret } from "./rules/credentials";
import { dnsRecord, dnssec, zone } from "./rules/dns";
import { ruleset, zoneSetting } from "./rules/edge";
import { members } from "./rules/etcd";
import { configMap, deploymentPatch, gatewayGraph, release } from "./rules/gateway";
import { graphRule } from "./rules/graph";
import { hostCommand } from "./rules/hosts";
import { images, rayCluster } from "./rules/model";
import { networkPolicy } from "./rules/network";
import { route } from "./rules/route";
import { service } from "./rules/service";
import { apisixTls, certificate } from "./rules/tls";
import { serviceToken } from "./rules/tokens";
import { tunnel, tunnelConfig } from "./rules/tunnel";
import { upstream } from "./rules/upstream";
import { workersRoute, workersScript } from "./rules/workers";

export const RULES: Record<string, KindRule | undefined> = {
    "kubernetes Consumer": consumer,
    "kubernetes Secret": secret,
    "kubernetes ApisixRoute": route,
    "kubernetes ApisixUpstream": upstream,
    "kubernetes ApisixTls": apisixTls,
    "kubernetes Certificate": certificate,
    "kubernetes Release": release,
    "kubernetes DeploymentPatch": deploymentPatch,
    "kubernetes ConfigMap": configMap,
    "kubernetes Namespace": cluster.namespace,
    "kubernetes GatewayProxy": cluster.wiring,
    "kubernetes IngressClass": cluster.wiring,
    "kubernetes GatewayClass": cluster.wiring,
    "kubernetes Gateway": cluster.wiring,
    "kubernetes NetworkPolicy": networkPolicy,
    "kubernetes PodDisruptionBudget": cluster.budget,
    // A PodMonitor only tells Prometheus where to read metrics. Network policies decide whether it can reach them.
    "kubernetes PodMonitor": UNNOTICED,
    "kubernetes Deployment": cluster.deployment,
    "kubernetes StatefulSet": members,
    "kubernetes Service": service,
    "kubernetes CustomResourceDefinition": cluster.definition,
    "kubernetes RayCluster": rayCluster,
    "kubernetes DaemonSet": images,
    "dynamic RampartGraph": gatewayGraph,
    "dynamic Revocations": revocations,
    "dynamic StackIdentity": cluster.identity,
    // These resources only wait for a state, or record one: they create no object.
    "dynamic Awaited": UNNOTICED,
    "dynamic GatewayServes": UNNOTICED,
    "dynamic ConversionRecord": UNNOTICED,
    "dynamic EtcdPrepared": UNNOTICED,
    "dynamic SecretVersions": UNNOTICED,
    "random RandomPassword": random,
    "random RandomUuid": random,
    "cloudflare ZeroTrustAccessServiceToken": serviceToken,
    "cloudflare ZeroTrustAccessPolicy": accessPolicy,
    "cloudflare ZeroTrustAccessApplication": accessApplication,
    "cloudflare ZeroTrustTunnelCloudflared": tunnel,
    "cloudflare ZeroTrustTunnelCloudflaredConfig": tunnelConfig,
    "cloudflare DnsRecord": dnsRecord,
    "cloudflare Zone": zone,
    "cloudflare ZoneDnssec": dnssec,
    "cloudflare Ruleset": ruleset,
    "cloudflare ZoneSetting": zoneSetting,
    "cloudflare NotificationPolicy": UNNOTICED,
    "cloudflare WorkersScript": workersScript,
    "cloudflare WorkersRoute": workersRoute,
    "command Command": hostCommand,
    "pulumi Provider": cluster.provider,
};

/** The rule for a change; undefined for an unknown kind. */
export function ruleOf(change: Change): KindRule | undefined {
    return change.kind === "dynamic RampartGraph" ? graphRule(change) : RULES[change.kind];
}

/** Prefixes of labels and annotations that only Pulumi, people and this project use. */
const OURS = /^(alpa-auth\.io|pulumi\.com|app\.kubernetes\.io|meta\.helm\.sh)\//;

/** Rows for resources of every kind. The review tries the rows of the kind first. */
export const COMMON: Row[] = [
    ["metadata/labels/**", mark],
    ["metadata/annotations/**", mark],
    // Another name or namespace means a replacement, which has its own finding.
    ["metadata/name", nothing],
    ["metadata/namespace", nothing],
];

function mark({ path }: Difference, change: Change): Verdicts {
    if (OURS.test(String(path[2])))
        return { code: "changed-inside", says: `${titleOf(change)}: labels or annotations change` };
    return {
        code: "other-change",
        says: `${titleOf(change)}: a label or annotation that this project does not set changes`,
    };
}
