import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { apisixValues, installationOf, type ReleaseSettings } from "./values";
import { gatewayDrain } from "./graceful-shutdown";
import { Awaited } from "../kubernetes/awaited";
import { PUBLISHED_CRDS } from "../kubernetes/crds";
import { takeOverRelease } from "../kubernetes/helm-records";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { metadata, OWNER_ANNOTATION, owner } from "../kubernetes/ownership";

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
