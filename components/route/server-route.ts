import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { generationOf } from "../kubernetes/generation";
import { attempted, metadata } from "../kubernetes/ownership";
import { upstreamName } from "./alpa-upstreams";
import { ROUTE, type RuleRequest, type ServedRoute } from "./route-served";
import type { Meaning } from "../meaning/plain";

export interface ServerRouteArgs {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    /** Namespace of the route and of the consumers. */
    namespace: string;
    /** Spec of each ApisixUpstream, by its name without `alpa-`. */
    upstreams: Record<string, object>;
    /** Spec of the ApisixRoute. @param revision of the rules, for a header of error answers */
    spec: (revision?: string) => object;
    /** A request for each rule. */
    requests: RuleRequest[];
    /** Number of the attempt in a conversion. With a new number, the rules are written again. Default: 0. */
    attempt?: number;
}

/** The only open routes to the server, with a credential. */
export class ServerRoute extends pulumi.ComponentResource {
    /** What every gateway pod must apply. */
    readonly served: ServedRoute;

    constructor(name: string, args: ServerRouteArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:ServerRoute", name, args.meaning, opts);
        const { namespace, upstreams: specs, spec, requests } = args;
        const upstreams = Object.entries(specs).map(([role, spec]) => this.upstream(name, role, spec, args));
        const revision = revisionOf({ rules: spec(), specs });
        const route = new k8s.apiextensions.CustomResource(
            `${name}-rules`,
            {
                apiVersion: "apisix.apache.org/v2",
                kind: "ApisixRoute",
                metadata: attempted(metadata(ROUTE, namespace), args.attempt),
                spec: spec(revision),
            },
            // Depends on the upstreams: the controller accepts a route whose upstream does not exist yet, and callers
            // would get no answer.
            { parent: this, dependsOn: upstreams },
        );
        this.served = { revision, requests, generation: generationOf(route), attempt: args.attempt ?? 0 };
        this.registerOutputs({});
    }

    private upstream(name: string, role: string, spec: object, { namespace, attempt }: ServerRouteArgs) {
        return new k8s.apiextensions.CustomResource(
            `${name}-${role}`,
            {
                apiVersion: "apisix.apache.org/v2",
                kind: "ApisixUpstream",
                metadata: attempted(metadata(upstreamName(role), namespace), attempt),
                // The upstream has no class: with a class, the controller would send no changes for 5 minutes after each
                // start.
                spec,
            },
            { parent: this },
        );
    }
}

/** Digest of the rules and upstreams. Answers contain it, so that it shows which rules a gateway pod applies. */
function revisionOf(rendered: object): string {
    return createHash("sha256").update(JSON.stringify(rendered)).digest("hex").slice(0, 12);
}
