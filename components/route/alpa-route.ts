import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
    completionsUpstream,
    CONNECT_SECONDS,
    logprobsUpstream,
    renderUpstream,
    timeouts,
    type AlpaSettings,
} from "./alpa-upstreams";
import { createHash } from "node:crypto";
import { Awaited, type AcceptSettings } from "../kubernetes/awaited";
import type { GatewayPods } from "../apisix/gateway-pods";
import type { GatewayBinding } from "../apisix/wiring";
import { generationOf } from "../kubernetes/generation";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { attempted, metadata } from "../kubernetes/ownership";
import type { GuardSettings } from "./request-guard";
import { PREFIX, servedPrefixes } from "../alpa/paths";
import { alpaChain, closedChain, queryStringChain, serviceChain, toHttps, type Passing } from "./plugin-chain";
import type { RoutePlugin } from "./route-plugin";
import { RouteServed } from "./route-served";

export interface AlpaRouteArgs {
    /** Namespace of the route; consumers are in the same. */
    namespace: string;
    binding: GatewayBinding;
    alpa: AlpaSettings;
    guard: GuardSettings;
    cluster: ClusterAccess;
    readiness: AcceptSettings;
    /** The pods that a change of the route must reach. */
    pods: GatewayPods;
    /** Close every other path of the gateway too. False where the gateway serves others as well. */
    ownGateway: boolean;
    /** Path prefix in the output `url`. @default {@link PREFIX}, which every stack serves */
    pathPrefix?: string;
    /** Whether the gateway serves TLS, and sends who comes by HTTP there. Unset: it speaks HTTP alone */
    tls?: { redirect: boolean };
    /** Callers are refused, and told to come back then. Unset: they are let through. */
    refused?: Passing["refused"];
    /** Another number has the rules asked for again, whatever was asked last. Unset: 0 */
    attempt?: number;
}

/** Name of the ApisixRoute. */
export const ROUTE = "alpa";
export { PREFIX };
/**
 * Upstream of the rules that answer themselves: a rule without any is refused. Port 1 of the gateway's own pod, where
 * nothing listens, so that a gateway that leaves a plugin out closes (502) instead of opening the way to Alpa.
 */
const NOWHERE = "127.0.0.1:1";
/** The only ways to Alpa: two paths, POST, with a credential. */
export class AlpaRoute extends pulumi.ComponentResource {
    constructor(name: string, args: AlpaRouteArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:AlpaRoute", name, args, opts);
        const { namespace, binding, alpa, guard, cluster, readiness } = args;
        const upstream = (role: string, spec: object) =>
            new k8s.apiextensions.CustomResource(
                `${name}-${role}`,
                {
                    apiVersion: "apisix.apache.org/v2",
                    kind: "ApisixUpstream",
                    metadata: attempted(metadata(`alpa-${role}`, namespace), args.attempt),
                    // No class: the controller would wait 5 minutes for it after each start, and push nothing meanwhile.
                    spec,
                },
                { parent: this },
            );

        const specs = renderUpstreams(alpa);
        const upstreams = Object.entries(specs).map(([role, spec]) => upstream(role, spec));
        const rules = {
            namespace,
            guard,
            ingressClassName: binding.ingressClass,
            answerTimeoutSeconds: alpa.answerTimeoutSeconds,
            ownGateway: args.ownGateway,
            pathPrefix: args.pathPrefix,
            tls: args.tls,
            refused: args.refused,
        };
        const revision = revisionOf({ rules: renderRoute(rules), specs });
        const route = new k8s.apiextensions.CustomResource(
            `${name}-rules`,
            {
                apiVersion: "apisix.apache.org/v2",
                kind: "ApisixRoute",
                metadata: attempted(metadata(ROUTE, namespace), args.attempt),
                spec: renderRoute({ ...rules, revision }),
            },
            // A route that names an upstream before it exists is accepted, and sends its callers nowhere.
            { parent: this, dependsOn: upstreams },
        );
        const accepted = new Awaited(
            `${name}-accepted`,
            {
                cluster,
                object: { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: ROUTE },
                until: { kind: "condition", type: "Accepted" },
                generation: generationOf(route),
                timeoutSeconds: readiness.acceptTimeoutSeconds,
            },
            { parent: this, dependsOn: route },
        );
        new RouteServed(
            `${name}-served`,
            {
                cluster,
                revision,
                gateway: args.pods,
                attempt: args.attempt ?? 0,
                timeoutSeconds: readiness.acceptTimeoutSeconds,
                settleSeconds: readiness.settleSeconds,
            },
            { parent: this, dependsOn: accepted },
        );

        this.registerOutputs({});
    }
}

/** Spec of each ApisixUpstream, by what stands behind `alpa-` in its name. */
export function renderUpstreams(alpa: AlpaSettings) {
    return {
        completions: completionsUpstream(alpa),
        logprobs: logprobsUpstream(alpa),
        nowhere: renderUpstream([{ address: NOWHERE, weight: 1 }], CONNECT_SECONDS),
    };
}

/** Digest of the rules and upstreams, by which an answer shows which of them are in force. */
function revisionOf(rendered: object): string {
    return createHash("sha256").update(JSON.stringify(rendered)).digest("hex").slice(0, 12);
}

/** Spec of the ApisixRoute: two open paths, what the service is, the query strings on them, and the rest closed. */
export function renderRoute(args: {
    namespace: string;
    guard: GuardSettings;
    ingressClassName: string;
    answerTimeoutSeconds: number;
    ownGateway: boolean;
    pathPrefix?: string;
    tls?: AlpaRouteArgs["tls"];
    refused?: Passing["refused"];
    /** What error answers carry in {@link REVISION_HEADER}. @default no such header */
    revision?: string;
}) {
    const { namespace, guard, ingressClassName, answerTimeoutSeconds, ownGateway, tls, refused, revision } = args;
    const prefixes = servedPrefixes(args.pathPrefix);
    const below = (...paths: string[]) => prefixes.flatMap((prefix) => paths.map((path) => `${prefix}${path}`));
    const noQuery = [{ subject: { scope: "Variable", name: "args" }, op: "RegexNotMatch", value: "." }];
    const first = tls?.redirect ? [toHttps()] : [];
    const byTls = tls !== undefined;
    const open = (role: "completions" | "logprobs") => ({
        name: role,
        match: {
            paths: below(`/${role}`),
            methods: ["POST"],
            exprs: noQuery,
        },
        timeout: timeouts(answerTimeoutSeconds),
        upstreams: [{ name: `alpa-${role}` }],
        plugins: [...first, ...alpaChain(`/${role}`, namespace, guard, { refused, revision, tls: byTls })],
    });
    const answered = (name: string, match: object, priority: number, plugins: RoutePlugin[]) => ({
        name,
        priority,
        match,
        upstreams: [{ name: "alpa-nowhere" }],
        plugins: [...first, ...plugins],
    });
    return {
        ingressClassName,
        http: [
            open("completions"),
            open("logprobs"),
            answered(
                "query-string",
                { paths: below("/completions", "/logprobs"), methods: ["POST"] },
                -1,
                queryStringChain(revision, byTls),
            ),
            answered(
                "closed",
                { paths: ownGateway ? ["/*"] : below("", "/*") },
                -10,
                closedChain(prefixes[0], revision, byTls),
            ),
            answered(
                "service",
                { paths: below("/"), methods: ["GET"], exprs: noQuery },
                0,
                serviceChain(prefixes[0], guard.defaultModel, revision, byTls),
            ),
        ],
    };
}
