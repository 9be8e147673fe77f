import * as pulumi from "@pulumi/pulumi";
import type { AcceptSettings } from "../kubernetes/awaited";
import { Caller } from "./caller";
import type { CallerMeaning } from "./caller-meaning";
import { secretName, type ConsumerSettings } from "./consumer";
import type { GatewayPods } from "../apisix/gateway-pods";
import { GatewayServes } from "./gateway-serves";
import type { Served } from "./gateway-serves-provider";
import { generationOf } from "../kubernetes/generation";
import type { Counters } from "../apisix/open-requests";
import type { GatewayBinding } from "../apisix/wiring";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { Revocations } from "../records/records";
import type { RevocationsArgs } from "../records/record-rules";

export interface ConsumersArgs {
    consumers: ConsumerSettings[];
    /** What each caller is, by its name, for the inputs of its component. */
    meanings: Record<string, CallerMeaning>;
    /** Secret of the stack from which keys are derived. */
    seed: pulumi.Output<string>;
    namespace: string;
    binding: GatewayBinding;
    cluster: ClusterAccess;
    readiness: AcceptSettings;
    /** The gateway pods, each of which must apply a change of a caller. */
    pods: GatewayPods;
    /**
     * Resource whose deletion also deletes these objects. In that case no check verifies that pods reject the
     * credentials. Default: none.
     */
    deletedWith?: pulumi.Resource;
    /** Counter server. Default: none, and each APISIX pod counts limits for itself. */
    counters?: Counters;
}

/**
 * The callers with their credentials. Each caller has its own resources, so that a change affects no other caller. All
 * callers share the resources that wait for pods.
 */
export class Consumers {
    /** Key by `<consumer>/<credential>`; secret. */
    readonly keys: Record<string, pulumi.Output<string>> = {};
    /** Secret that signs tokens, by `<consumer>/<credential>`; secret. */
    readonly jwtSecrets: Record<string, pulumi.Output<string>> = {};
    /** What every gateway pod must apply, see {@link GatewayServes}. */
    readonly served: Pick<Served, "generations" | "materials">;
    /** Created last, when the gateway rejects what was revoked. */
    readonly ready: pulumi.Resource[];

    /** @param parent parent of the callers */
    constructor(name: string, args: ConsumersArgs, parent: pulumi.Resource, dependsOn: pulumi.Resource[] = []) {
        const { consumers, namespace, cluster, readiness } = args;
        const memory = new Revocations(broughtKeys(consumers));
        const callers = consumers.map(
            (consumer) =>
                new Caller(
                    consumer.name,
                    { ...args, consumer, meaning: args.meanings[consumer.name], memory },
                    { parent, dependsOn },
                ),
        );
        const revoked = new GatewayServes(
            `${name}-revoked`,
            { ...{ cluster, namespace, readiness }, gateway: args.pods, credentials: secretNames(consumers) },
            {
                parent,
                dependsOn: [...dependsOn, ...callers.flatMap(({ secrets }) => secrets)],
                deletedWith: args.deletedWith,
            },
        );
        const objects = callers.map((caller) => caller.admit(revoked));
        this.served = {
            generations: Object.fromEntries(consumers.map((c, i) => [c.name, generationOf(objects[i])])),
            materials: pulumi.secret(Object.fromEntries(callers.map((one, i) => [consumers[i].name, one.digest]))),
        };
        for (const { keys, jwtSecrets } of callers) {
            Object.assign(this.keys, keys);
            Object.assign(this.jwtSecrets, jwtSecrets);
        }
        this.ready = [revoked, ...objects];
    }
}

/** The keys that operators have set, for {@link Revocations}. */
function broughtKeys(consumers: ConsumerSettings[]): RevocationsArgs {
    const all = consumers.flatMap(({ name, brought = [] }) =>
        brought.map(({ id, ...key }) => [`${name}/${id}`, key] as const),
    );
    return {
        declared: pulumi.secret(Object.fromEntries(all.map(([who, { digest }]) => [who, digest]))),
        readmit: Object.fromEntries(
            all.flatMap(([who, { readmit }]) => (readmit === undefined ? [] : [[who, readmit]])),
        ),
    };
}

/** Name of each credential's Secret, by `<consumer>/<credential>`. */
function secretNames(consumers: ConsumerSettings[]): Record<string, string> {
    return Object.fromEntries(
        consumers.flatMap(({ name, credentials }) =>
            credentials.map(({ id }) => [`${name}/${id}`, secretName(name, id)]),
        ),
    );
}
