import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { apisixValues, type ReleaseSettings } from "./apisix-values";
import { metadata } from "./ownership";

export interface ApisixReleaseArgs {
    /** Namespace of the routes; the release gets a namespace of its own, named after it. */
    namespace: string;
    release: ReleaseSettings;
    /** Files or URLs of the CRDs. @default the pinned releases of their projects */
    crds?: string[];
    /** What the release's namespace must hold before its pods can start. */
    inNamespace: (namespace: string, opts: pulumi.ComponentResourceOptions) => pulumi.Resource;
}

/** CRDs of the versions that chart 2.14.0 installs: ingress controller 2.0.1, Gateway API 1.3.0. */
const PUBLISHED_CRDS = [
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_apisixroutes.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_apisixupstreams.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_apisixconsumers.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_apisixglobalrules.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_apisixpluginconfigs.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_apisixtlses.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_backendtrafficpolicies.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_consumers.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_gatewayproxies.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_httproutepolicies.yaml",
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_pluginconfigs.yaml",
    "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.3.0/experimental-install.yaml",
];

/** Namespace of the release. */
export function releaseNamespace(namespace: string): string {
    return `${namespace}-gateway`;
}

/** APISIX with its ingress controller from the public chart, without Rampart. */
export class ApisixRelease extends pulumi.ComponentResource {
    constructor(name: string, args: ApisixReleaseArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:ApisixRelease", name, { ...args, inNamespace: undefined }, opts);
        const { release } = args;

        // Apart from the release: Helm installs CRDs once and never updates them. They stay when the stack goes,
        // since deleting a definition deletes every object of its kind, other people's included.
        const crds = new k8s.yaml.v2.ConfigGroup(
            `${name}-crds`,
            { files: args.crds ?? PUBLISHED_CRDS },
            { parent: this, transforms: [({ props, opts: o }) => ({ props, opts: { ...o, retainOnDelete: true } })] },
        );
        const namespace = new k8s.core.v1.Namespace(
            `${name}-namespace`,
            { metadata: metadata(releaseNamespace(args.namespace)) },
            { parent: this },
        );
        const needed = args.inNamespace(releaseNamespace(args.namespace), { parent: this, dependsOn: namespace });
        new k8s.helm.v3.Release(
            `${name}-release`,
            {
                // Cluster roles of the chart are named after the release: one name each, or a second stack is refused.
                name: args.namespace,
                namespace: namespace.metadata.name,
                chart: "apisix",
                version: release.chart.version,
                repositoryOpts: { repo: release.chart.repository },
                skipCrds: true,
                atomic: false,
                timeout: 600,
                values: apisixValues(release, args.namespace),
            },
            { parent: this, dependsOn: [crds, needed] },
        );

        this.registerOutputs({});
    }
}
