/** Handwritten steps of a preview, for changes that the program of this repository does not make by itself. */
import type { Finding } from "../../../../../ops/stack/review/finding";
import type { Exported, Step } from "../../../../../ops/stack/review/preview";
import { reviewOf } from "../../../../../ops/stack/review/review";
import { TODAY } from "../../kit";

const TYPES = {
    Secret: "kubernetes:core/v1:Secret",
    Namespace: "kubernetes:core/v1:Namespace",
    Service: "kubernetes:core/v1:Service",
    NetworkPolicy: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    Deployment: "kubernetes:apps/v1:Deployment",
    ConfigMap: "kubernetes:core/v1:ConfigMap",
    Consumer: "kubernetes:apisix.apache.org/v1alpha1:Consumer",
    ApisixRoute: "kubernetes:apisix.apache.org/v2:ApisixRoute",
    Release: "kubernetes:helm.sh/v3:Release",
    Revocations: "pulumi-nodejs:dynamic/alpa-auth:Revocations",
    Awaited: "pulumi-nodejs:dynamic/alpa-auth:Awaited",
    StackIdentity: "pulumi-nodejs:dynamic/alpa-auth:StackIdentity",
    RandomPassword: "random:index/randomPassword:RandomPassword",
    Provider: "pulumi:providers:kubernetes",
    Command: "command:remote:Command",
    // Components.
    IntraCluster: "alpa-auth:index:IntraCluster",
    ServerRoute: "alpa-auth:index:ServerRoute",
    Caller: "alpa-auth:index:Caller",
    Etcd: "alpa-auth:index:Etcd",
    TunnelRoutes: "alpa-auth:index:TunnelRoutes",
    Other: "alpa-auth:index:Other",
} as const;

/** One resource or component: created where `before` is undefined, deleted where `after` is. @param parent the step of its parent */
export function step(
    kind: keyof typeof TYPES,
    name: string,
    old: object | undefined,
    now: object | undefined,
    op = old === undefined ? "create" : now === undefined ? "delete" : "update",
    parent?: Step,
): Step {
    const type = TYPES[kind];
    const urn = `urn:pulumi:test::alpa-auth::${type}::${name}`;
    const custom = !type.startsWith("alpa-auth:");
    const state = (inputs: object | undefined, id?: string) =>
        inputs && {
            ...{ urn, type, custom, inputs: inputs as Record<string, unknown> },
            ...(custom && { id }),
            ...(parent && { parent: parent.urn }),
        };
    return { op, urn, oldState: state(old, `id-of-${name}`), newState: state(now) };
}

/** The steps of an object below a component. */
export const below = (parent: Step, ...[kind, name, old, now, op]: Parameters<typeof step>): Step =>
    step(kind, name, old, now, op, parent);

/** Findings of a review of the steps, the most dangerous first. */
export function review(steps: Step[], state: Exported = {}): Finding[] {
    return reviewOf({ stack: "test", steps, config: {} }, new Date(TODAY), state).findings;
}

/** Findings of a review of the steps, each as `severity code: sentence`. */
export function said(steps: Step[]): string[] {
    return review(steps).map(({ severity, code, says }) => `${severity} ${code}: ${says}`);
}
