import * as pulumi from "@pulumi/pulumi";
import { apisixValues, COMPONENT, GRAPH, installationOf } from "./values";
import { gatewayDrain } from "./graceful-shutdown";
import { Awaited } from "../kubernetes/awaited";
import type { InstallArgs, InstalledApisix } from "./release";
import { RampartGraph } from "../rampart/rampart-graph";
import { metadata } from "../kubernetes/ownership";

type RampartGatewayArgs = InstallArgs & {
    /** Number that the operator raises to deploy an unchanged graph again after a failure. */
    retry: number;
    /** Longest wait for the deployment, in seconds. */
    timeoutSeconds: number;
};

const API_VERSION = "rampart.petuum.com/v1beta2";

/** APISIX with its ingress controller as a component of a Rampart graph. */
export function rampartGateway(
    name: string,
    args: RampartGatewayArgs,
    opts: pulumi.CustomResourceOptions,
): InstalledApisix {
    const { namespace, cluster, timeoutSeconds } = args;
    const { namespace: inside } = installationOf("rampart", namespace);
    const graph = new RampartGraph(
        `${name}-graph`,
        {
            cluster,
            apiVersion: API_VERSION,
            metadata: metadata(GRAPH, namespace),
            spec: renderGraph(args),
            timeoutSeconds,
            namespaces: [inside],
            objectsInside: true,
            drain: gatewayDrain(inside, args.release.availability),
        },
        opts,
    );
    const { generation, uid } = graph;
    // Rampart's deployment waits for pods, and the pods wait for these objects, so they are created while Rampart
    // deploys. Rampart deletes them together with the namespace, so no pod ever runs without policies.
    const needed = args.inNamespace(inside, { ...opts, dependsOn: graph, deletedWith: graph });
    const ready = new Awaited(
        `${name}-deployed`,
        {
            ...{ cluster, generation, uid, timeoutSeconds },
            object: { apiVersion: API_VERSION, kind: "RampartGraph", namespace, name: GRAPH },
            until: { kind: "graph-deployed" },
        },
        { ...opts, dependsOn: needed },
    );

    return { installation: graph, installed: pulumi.interpolate`${uid}-${generation}`, ready };
}

/**
 * Spec of the graph. Rampart's admission webhook requires the empty maps. Rampart supports neither a range as chart version
 * nor a Secret in the settings of a chart.
 */
export function renderGraph(args: Pick<RampartGatewayArgs, "namespace" | "release" | "retry">) {
    const { chart } = args.release;
    return {
        deploy: true,
        graph: {
            flows: {},
            components: {
                [COMPONENT]: {
                    type: "apisix",
                    chart: { repo: chart.repository, name: "apisix", version: chart.version },
                    config: apisixValues(args.release, args.namespace),
                    inputs: {},
                    outputs: {},
                    // A free-form field whose change increments the generation. Nothing else makes Rampart deploy an
                    // unchanged graph again.
                    $ui: { retry: args.retry },
                },
            },
        },
    };
}
