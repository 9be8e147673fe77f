import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { goneSeconds, graceSeconds } from "../alpa/shutdown-times";
import type { Availability } from "./availability";
import { apisixValues, installationOf, type ReleaseSettings, FULL_NAME, COMPONENT, GRAPH } from "./values";
import { Awaited } from "../kubernetes/awaited";
import { PUBLISHED_CRDS } from "../kubernetes/crds";
import type { Drain } from "../kubernetes/drain";
import { takeOverRelease } from "../kubernetes/helm-records";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { APISIX_PODS } from "../kubernetes/network-policies";
import { metadata, OWNER_ANNOTATION, owner } from "../kubernetes/ownership";
import { RampartGraph } from "../rampart/rampart-graph";

/** What both installers need. */
export interface InstallArgs {
    /** Namespace of the routes. APISIX gets another one. */
    namespace: string;
    release: ReleaseSettings;
    cluster: ClusterAccess;
    /** Creates the objects that the pods need in APISIX's namespace before they can start. */
    inNamespace: (namespace: string, opts: pulumi.CustomResourceOptions) => pulumi.Resource;
}

/** APISIX with its ingress controller, installed by Rampart or by Helm. */
export interface InstalledApisix {
    /** The resource whose deletion deletes the whole installation. */
    installation: pulumi.Resource;
    /** A value that changes with each installation or upgrade. */
    installed: pulumi.Output<string>;
    /** Created last, when the pods run, and deleted first. */
    ready: pulumi.Resource;
}

/**
 * APISIX with its ingress controller from the public chart, without Rampart.
 * @param args `crds`: files or URLs of the CRDs; empty if the cluster has them. Default: the pinned releases of their projects
 */
export function apisixRelease(
    name: string,
    args: InstallArgs & { crds?: string[] },
    opts: pulumi.CustomResourceOptions,
): InstalledApisix {
    const { release, cluster, crds: files = PUBLISHED_CRDS } = args;
    const named = installationOf("helm", args.namespace);
    // CRDs are separate from the release, since Helm installs them once and never updates them.
    const crds =
        files.length === 0
            ? []
            : [new k8s.yaml.v2.ConfigGroup(`${name}-crds`, { files }, { ...opts, transforms: [keptAndOwned] })];
    const namespace = new k8s.core.v1.Namespace(`${name}-namespace`, { metadata: metadata(named.namespace) }, opts);
    const needed = args.inNamespace(named.namespace, { ...opts, dependsOn: namespace });
    const apisix = new k8s.helm.v3.Release(
        `${name}-release`,
        {
            name: named.release,
            namespace: namespace.metadata.name,
            chart: "apisix",
            version: release.chart.version,
            repositoryOpts: { repo: release.chart.repository },
            skipCrds: true,
            atomic: false,
            timeout: 600,
            values: apisixValues(release, args.namespace),
        },
        {
            ...opts,
            dependsOn: [...crds, needed],
            hooks: takeOverRelease(`${name}-release-taken-over`, named, cluster, "any"),
        },
    );
    // Deleted before the release, so that the pods finish their answers first.
    const ready = new Awaited(
        `${name}-drain`,
        { cluster, drain: gatewayDrain(named.namespace, release.availability) },
        { ...opts, dependsOn: apisix },
    );
    return { installation: apisix, installed: pulumi.interpolate`${apisix.status.revision}`, ready };
}

/**
 * Transformation of each CRD. The CRD is kept when the stack is destroyed, because its deletion would delete every
 * object of its kind, even objects of other owners. Its owner annotation prevents other stacks from overwriting it.
 */
export function keptAndOwned({ props, opts }: pulumi.ResourceTransformArgs): pulumi.ResourceTransformResult {
    const { annotations, ...rest } = (props.metadata ?? {}) as { annotations?: object };
    const owned = { ...props, metadata: { ...rest, annotations: { ...annotations, [OWNER_ANNOTATION]: owner() } } };
    return { props: props.metadata ? owned : props, opts: { ...opts, retainOnDelete: true } };
}

interface GracefulShutdownArgs {
    /** Namespace APISIX runs in. */
    namespace: string;
    availability: Availability;
    /** Changes with each installation of the chart: a re-created Deployment has lost the grace period. */
    installed: pulumi.Input<string>;
}

/** Longest wait for pods with the new grace period. The earlier pods may still exist after that. */
const ROLLOUT = { create: "15m", update: "15m" };

/**
 * Sets the grace period of APISIX pods, so that they finish their answers. The chart has no value for it, and with the
 * default of Kubernetes, 30 s, a pod would be killed at the end of the chart's preStop sleep.
 *
 * The patch is a server-side apply of one field that the chart never renders. Helm changes only fields that differ between
 * two renderings of the chart, so the field survives every upgrade. The patch restarts the pods once, and routes are created
 * after it.
 *
 * With the option `deletedWith`, a destroy does not remove the patched field, which would restart the pods right before
 * their deletion.
 */
export function gracefulShutdown(
    name: string,
    { namespace, availability, installed }: GracefulShutdownArgs,
    opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
    const annotations = {
        // The name is fixed, because a killed run would lose a generated name (kubernetes/ownership.ts).
        "pulumi.com/patchFieldManager": "alpa-auth",
        // Takes ownership of the field from Helm, whose Deployment has Kubernetes' default of 30 s.
        "pulumi.com/patchForce": "true",
        "alpa-auth.io/installed": installed,
    };
    return new k8s.apps.v1.DeploymentPatch(
        name,
        {
            metadata: { name: FULL_NAME, namespace, annotations },
            spec: { template: { spec: { terminationGracePeriodSeconds: graceSeconds(availability) } } },
        },
        { ...opts, customTimeouts: ROLLOUT },
    );
}

/** Deployment of the gateway in a namespace, for draining it before its installation is deleted. */
function gatewayDrain(namespace: string, availability: Availability | undefined): Drain {
    return { namespace, name: FULL_NAME, pods: APISIX_PODS.matchLabels, timeoutSeconds: goneSeconds(availability) };
}

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
