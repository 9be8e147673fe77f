import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Awaited } from "./awaited";
import type { GatewayBinding } from "./gateway-wiring";
import type { ClusterAccess } from "./kubeconfig";
import { metadata } from "./ownership";
import type { GuardSettings } from "./guard";
import { alpaChain, closedChain, queryStringChain, toHttps } from "./plugin-chain";
import type { RoutePlugin } from "./route-plugin";

/** The Alpa service, which stays as it is: a Ray cluster on bare metal. */
export interface AlpaSettings {
    /** `host:port` of each service, as seen from the cluster. */
    endpoints: string[];
    /** Longest time one answer may take, in seconds: Alpa sends nothing before it is complete. */
    answerTimeoutSeconds: number;
}

/** How long to wait for the ingress controller. */
export interface AcceptSettings {
    /** Longest wait for one object, in seconds. */
    acceptTimeoutSeconds: number;
    /** How long an object must stay accepted, in seconds. */
    settleSeconds: number;
}

export interface AlpaRouteArgs {
    /** Namespace of the route; consumers are in the same. */
    namespace: string;
    binding: GatewayBinding;
    alpa: AlpaSettings;
    guard: GuardSettings;
    cluster: ClusterAccess;
    readiness: AcceptSettings;
    /** Close every other path of the gateway too. False where the gateway serves others as well. */
    ownGateway: boolean;
    /** Send who comes by HTTP to HTTPS. @default false */
    redirect?: boolean;
}

/** Path callers see in front of Alpa's own. */
export const PREFIX = "/alpa";
/**
 * Upstream of the rules that answer themselves: a rule without any is refused. Port 1 of the gateway's own pod, where
 * nothing listens, so that a gateway that leaves a plugin out closes (502) instead of opening the way to Alpa.
 */
const NOWHERE = "127.0.0.1:1";
/** Seconds to connect, and to send a request: prompts are small. */
const CONNECT_SECONDS = 5;
const SEND_SECONDS = 60;

/** The only ways to Alpa: two paths, POST, with a credential. */
export class AlpaRoute extends pulumi.ComponentResource {
    constructor(name: string, args: AlpaRouteArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:AlpaRoute", name, args, opts);
        const { namespace, binding, alpa, guard, cluster, readiness } = args;
        const upstream = (role: string, endpoints: string[], answerTimeoutSeconds = alpa.answerTimeoutSeconds) =>
            new k8s.apiextensions.CustomResource(
                `${name}-${role}`,
                {
                    apiVersion: "apisix.apache.org/v2",
                    kind: "ApisixUpstream",
                    metadata: metadata(`alpa-${role}`, namespace),
                    spec: renderUpstream(binding.ingressClass, endpoints, answerTimeoutSeconds),
                },
                { parent: this },
            );

        const completions = upstream("completions", alpa.endpoints);
        // One backend: the cache that makes the next call cheap lives in that backend's memory.
        const logprobs = upstream("logprobs", alpa.endpoints.slice(0, 1));
        const nowhere = upstream("nowhere", [NOWHERE], CONNECT_SECONDS);
        const route = new k8s.apiextensions.CustomResource(
            `${name}-rules`,
            {
                apiVersion: "apisix.apache.org/v2",
                kind: "ApisixRoute",
                metadata: metadata("alpa", namespace),
                spec: renderRoute({
                    namespace,
                    guard,
                    ingressClassName: binding.ingressClass,
                    answerTimeoutSeconds: alpa.answerTimeoutSeconds,
                    ownGateway: args.ownGateway,
                    redirect: args.redirect,
                }),
            },
            // A route that names an upstream before it exists is accepted, and sends its callers nowhere.
            { parent: this, dependsOn: [completions, logprobs, nowhere] },
        );
        new Awaited(
            `${name}-accepted`,
            {
                cluster,
                object: { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: "alpa" },
                until: { kind: "condition", type: "Accepted" },
                generation: route.metadata.generation,
                timeoutSeconds: readiness.acceptTimeoutSeconds,
                settleSeconds: readiness.settleSeconds,
            },
            { parent: this, dependsOn: route },
        );

        this.registerOutputs({});
    }
}

/** Spec of an ApisixUpstream. No health check: version 2.0.1 sends GET / instead of a TCP one, and Alpa answers 400. */
export function renderUpstream(ingressClassName: string, endpoints: string[], answerTimeoutSeconds: number) {
    return {
        ingressClassName,
        externalNodes: endpoints.map((endpoint) => {
            const [host, port] = endpoint.split(":");
            // `Domain` is right for addresses too; anything else means the name of a Service.
            return { type: "Domain", name: host, port: Number(port), weight: 1 };
        }),
        scheme: "http",
        passHost: "pass",
        // A second try would cost the GPU time of the first again, which goes on.
        retries: 0,
        timeout: timeouts(answerTimeoutSeconds),
    };
}

/** Spec of the ApisixRoute: two open paths, the query strings on them, and the rest closed. */
export function renderRoute(args: {
    namespace: string;
    guard: GuardSettings;
    ingressClassName: string;
    answerTimeoutSeconds: number;
    ownGateway: boolean;
    redirect?: boolean;
}) {
    const { namespace, guard, ingressClassName, answerTimeoutSeconds, ownGateway } = args;
    const first = args.redirect ? [toHttps()] : [];
    const open = (role: "completions" | "logprobs") => ({
        name: role,
        match: {
            paths: [`${PREFIX}/${role}`],
            methods: ["POST"],
            exprs: [{ subject: { scope: "Variable", name: "args" }, op: "RegexNotMatch", value: "." }],
        },
        timeout: timeouts(answerTimeoutSeconds),
        upstreams: [{ name: `alpa-${role}` }],
        plugins: [...first, ...alpaChain(`/${role}`, namespace, guard)],
    });
    const closed = (name: string, paths: string[], methods: string[], priority: number, plugins: RoutePlugin[]) => ({
        name,
        priority,
        match: { paths, ...(methods.length > 0 ? { methods } : {}) },
        upstreams: [{ name: "alpa-nowhere" }],
        plugins: [...first, ...plugins],
    });
    const everything = ownGateway ? ["/*"] : [PREFIX, `${PREFIX}/*`];
    return {
        ingressClassName,
        http: [
            open("completions"),
            open("logprobs"),
            closed("query-string", [`${PREFIX}/completions`, `${PREFIX}/logprobs`], ["POST"], -1, queryStringChain()),
            closed("closed", everything, [], -10, closedChain(PREFIX)),
        ],
    };
}

function timeouts(answerTimeoutSeconds: number) {
    return { connect: `${CONNECT_SECONDS}s`, send: `${SEND_SECONDS}s`, read: `${answerTimeoutSeconds}s` };
}
