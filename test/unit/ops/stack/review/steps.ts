/** Handwritten steps of a preview, for changes that the program of this repository does not make by itself. */
import type { Finding } from "../../../../../ops/stack/review/finding";
import type { Exported } from "../../../../../ops/stack/review/plan";
import type { Step } from "../../../../../ops/stack/review/preview";
import { reviewOf } from "../../../../../ops/stack/review/review";
import { TODAY } from "../../kit";

const TYPES = {
    Secret: "kubernetes:core/v1:Secret",
    Service: "kubernetes:core/v1:Service",
    Namespace: "kubernetes:core/v1:Namespace",
    NetworkPolicy: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    PodDisruptionBudget: "kubernetes:policy/v1:PodDisruptionBudget",
    Deployment: "kubernetes:apps/v1:Deployment",
    Consumer: "kubernetes:apisix.apache.org/v1alpha1:Consumer",
    ApisixRoute: "kubernetes:apisix.apache.org/v2:ApisixRoute",
    ApisixUpstream: "kubernetes:apisix.apache.org/v2:ApisixUpstream",
    Release: "kubernetes:helm.sh/v3:Release",
    DaemonSet: "kubernetes:apps/v1:DaemonSet",
    StatefulSet: "kubernetes:apps/v1:StatefulSet",
    EtcdPrepared: "pulumi-nodejs:dynamic/alpa-auth:EtcdPrepared",
    RampartGraph: "pulumi-nodejs:dynamic/alpa-auth:RampartGraph",
    Revocations: "pulumi-nodejs:dynamic/alpa-auth:Revocations",
    RayCluster: "kubernetes:ray.io/v1:RayCluster",
    Command: "command:remote:Command",
    ServiceToken: "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken",
    AccessPolicy: "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
    AccessApplication: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
    Tunnel: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
    TunnelConfig: "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
    ZoneSetting: "cloudflare:index/zoneSetting:ZoneSetting",
    ZoneDnssec: "cloudflare:index/zoneDnssec:ZoneDnssec",
    DnsRecord: "cloudflare:index/dnsRecord:DnsRecord",
    Ruleset: "cloudflare:index/ruleset:Ruleset",
    WorkersScript: "cloudflare:index/workersScript:WorkersScript",
    WorkersRoute: "cloudflare:index/workersRoute:WorkersRoute",
} as const;

/** One resource: created where `before` is undefined, deleted where `after` is. */
export function step(
    kind: keyof typeof TYPES,
    name: string,
    old: object | undefined,
    now: object | undefined,
    op = old === undefined ? "create" : now === undefined ? "delete" : "update",
): Step {
    const type = TYPES[kind];
    const urn = `urn:pulumi:test::alpa-auth::${type}::${name}`;
    const state = (inputs: object | undefined, id?: string) =>
        inputs && { urn, type, custom: true, id, inputs: inputs as Record<string, unknown> };
    return { op, urn, oldState: state(old, `id-of-${name}`), newState: state(now) };
}

/** A step that deletes a resource only from the state. The real resource stays. */
export function leftBehind(kind: keyof typeof TYPES, name: string, inputs: object): Step {
    const one = step(kind, name, inputs, undefined);
    return { ...one, oldState: { ...one.oldState!, retainOnDelete: true } };
}

/** Findings of a review of the steps, the most dangerous first. */
export function review(steps: Step[], config: Record<string, string> = {}, state?: Exported): Finding[] {
    return reviewOf({ stack: "test", steps, config }, new Date(TODAY), state).findings;
}

/** Findings of a review of the steps, each as `severity code: sentence`. */
export function said(steps: Step[], config?: Record<string, string>): string[] {
    return review(steps, config).map(({ severity, code, says }) => `${severity} ${code}: ${says}`);
}
