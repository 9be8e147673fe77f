import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Awaited } from "../kubernetes/awaited";
import { takeOverRelease } from "../kubernetes/helm-records";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { metadata } from "../kubernetes/ownership";

/** Namespace of Rampart: its own default. */
export const RAMPART_NAMESPACE = "rampart-system";

/** Settings of the private chart from which the stack installs Rampart, since Rampart has no public chart. */
export interface RampartInstall {
    /** Address of the chart repository. */
    repository: string;
    /** Exact version of the chart. */
    version: string;
    /** Whether the stack creates the namespace, for example in a cluster that it creates. @default false: it exists */
    ownNamespace?: boolean;
    /** Secret in that namespace with `username` and `password` of the repository. Unset if the repository needs no login. */
    credentialsSecret?: string;
}

export interface RampartArgs extends RampartInstall {
    cluster: ClusterAccess;
}

/** Rampart itself. It is deleted after all graphs, because only a running Rampart can delete a graph. */
export class Rampart extends pulumi.ComponentResource {
    constructor(name: string, args: RampartArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:Rampart", name, {}, opts);
        const home = args.ownNamespace
            ? new k8s.core.v1.Namespace(
                  `${name}-namespace`,
                  { metadata: metadata(RAMPART_NAMESPACE) },
                  { parent: this },
              )
            : undefined;
        const after = { parent: this, ...(home ? { dependsOn: home } : {}) };
        const secret =
            args.credentialsSecret === undefined
                ? undefined
                : k8s.core.v1.Secret.get(
                      `${name}-credentials`,
                      `${RAMPART_NAMESPACE}/${args.credentialsSecret}`,
                      after,
                  );
        const field = (key: string) =>
            secret?.data.apply((data) =>
                data?.[key] === undefined ? undefined : Buffer.from(data[key], "base64").toString(),
            );

        const named = { release: "rampart", namespace: RAMPART_NAMESPACE };
        const release = new k8s.helm.v3.Release(
            `${name}-release`,
            {
                name: named.release,
                namespace: named.namespace,
                chart: "rampart",
                version: args.version,
                repositoryOpts: {
                    repo: args.repository,
                    username: field("username") as pulumi.Output<string> | undefined,
                    password: secretOf(field("password")),
                },
                timeout: 600,
            },
            { ...after, hooks: takeOverRelease(`${name}-release-taken-over`, named, args.cluster, "unfinished") },
        );
        // Blocks the removal of Rampart while the cluster has a graph of any stack: Pulumi deletes this resource first.
        new Awaited(
            `${name}-guard`,
            { cluster: args.cluster, keptForGraphs: true },
            { parent: this, dependsOn: release },
        );

        this.registerOutputs({});
    }
}

function secretOf(value: pulumi.Output<string | undefined> | undefined): pulumi.Output<string> | undefined {
    return value === undefined ? undefined : (pulumi.secret(value) as pulumi.Output<string>);
}
