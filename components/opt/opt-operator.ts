import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { takeOverRelease } from "../kubernetes/helm-records";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { operatorValues, OptGraph, renderOperatorGraph } from "./opt-graph";
import type { OperatorChart } from "./opt-settings";
import { metadata } from "../kubernetes/ownership";

export interface OptOperatorArgs {
    /** Namespace that the operator watches. */
    namespace: string;
    cluster: ClusterAccess;
    chart: OperatorChart;
    /** Settings for Rampart, which deploys the operator as a graph. Unset if Helm installs it. */
    rampart?: { retry: number; timeoutSeconds: number };
}

/** Namespace of KubeRay's operator if Helm installs it. */
export function operatorNamespace(namespace: string): string {
    return `${namespace}-kuberay`;
}

/** KubeRay's operator, for one namespace. */
export class OptOperator extends pulumi.ComponentResource {
    constructor(name: string, args: OptOperatorArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:OptOperator", name, {}, opts);
        const { namespace, cluster, chart, rampart } = args;
        if (rampart === undefined) this.release(name, args);
        else {
            const spec = renderOperatorGraph(namespace, chart, rampart.retry);
            const { timeoutSeconds } = rampart;
            new OptGraph(`${name}-opt`, { namespace, cluster, spec, timeoutSeconds }, { parent: this });
        }
        this.registerOutputs({});
    }

    private release(name: string, { namespace, cluster, chart }: OptOperatorArgs): void {
        const home = operatorNamespace(namespace);
        const space = new k8s.core.v1.Namespace(`${name}-namespace`, { metadata: metadata(home) }, { parent: this });
        // A fixed name, since names of releases have a lower length limit than namespaces.
        const named = { release: "kuberay", namespace: home };
        new k8s.helm.v3.Release(
            `${name}-release`,
            {
                name: named.release,
                namespace: space.metadata.name,
                chart: "kuberay-operator",
                version: chart.version,
                repositoryOpts: { repo: chart.repository },
                atomic: false,
                timeout: 600,
                values: operatorValues(namespace, chart),
            },
            {
                parent: this,
                dependsOn: [space],
                hooks: takeOverRelease(`${name}-release-taken-over`, named, cluster, "any"),
            },
        );
    }
}
