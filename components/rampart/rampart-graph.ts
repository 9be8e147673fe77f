import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { Drain } from "../kubernetes/drain";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import type { metadata } from "../kubernetes/ownership";

export interface RampartGraphArgs {
    cluster: ClusterAccess;
    apiVersion: string;
    metadata: ReturnType<typeof metadata>;
    spec: object;
    /**
     * Longest wait for an earlier deployment of the graph, after which it is changed, and for its namespaces, in seconds.
     */
    timeoutSeconds: number;
    /**
     * Namespaces that Rampart creates for the components. The graph is created once none is Terminating, because Rampart
     * rejects it before, and is deleted once they are gone.
     */
    namespaces: string[];
    /**
     * Whether the pods wait for objects that the stack creates in these namespaces. A create or update then ends when the
     * namespaces exist. @default false: it ends when the API server has accepted the graph
     */
    objectsInside?: boolean;
    /** Deployment that is drained before the graph is deleted. @default none: its pods have no open requests */
    drain?: Drain;
}

/**
 * A RampartGraph whose status is not kept in the state.
 *
 * The Kubernetes provider keeps the whole live object in the state. The status of a failed deployment quotes the
 * environment of Rampart's controller, which everyone who can decrypt the state could read.
 */
export class RampartGraph extends DynamicResource {
    /** `metadata.generation` of the object. */
    declare readonly generation: pulumi.Output<number>;
    /** `metadata.uid` of the object: a re-created graph starts again at generation 1. */
    declare readonly uid: pulumi.Output<string>;

    constructor(name: string, args: RampartGraphArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        const outputs = { generation: undefined, uid: undefined };
        super(
            "rampart/rampart-graph-provider",
            name,
            { kind: "RampartGraph", ...rest, ...cluster, ...outputs },
            // The graph has one name, and two gateways cannot use the same node port. `pulumi up --replace` does not ask the
            // provider, and would delete what it has just created.
            { ...opts, deleteBeforeReplace: true },
            "RampartGraph",
        );
    }
}
