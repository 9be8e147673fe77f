import * as pulumi from "@pulumi/pulumi";
import { kubeConfigOf, kubernetesClient } from "./api-server";
import { plainAccess, type ClusterAccess } from "./kubeconfig";

export interface ReleaseName {
    release: string;
    namespace: string;
}

/**
 * Hook that lets Helm install a release again whose first installation was killed.
 *
 * Helm keeps a record of each release in a Secret (type helm.sh/release.v1, labels `owner`, `name` and `status`) and
 * refuses to install under a name that has one. A killed run leaves such a record, of an installation that will never
 * end, and nothing of it in the state. Without its record, Helm takes over what the killed run has made: those objects
 * carry the name of their release.
 *
 * Runs before a creation only, so the record of a release that is in the state is never touched.
 * @param which `any` where the namespace is the stack's own; `unfinished` where others may have installed it
 */
export function takeOverRelease(
    name: string,
    { release, namespace }: ReleaseName,
    cluster: ClusterAccess,
    which: "any" | "unfinished",
): pulumi.ResourceHookBinding {
    const labelSelector = recordSelector(release, which);
    const hook = new pulumi.ResourceHook(name, async () => {
        const core = kubeConfigOf(await plainAccess(cluster)).makeApiClient(kubernetesClient().CoreV1Api);
        const { items } = await core.listNamespacedSecret({ namespace, labelSelector });
        for (const { metadata } of items) {
            await core.deleteNamespacedSecret({ namespace, name: metadata!.name! });
            pulumi.log.info(
                `Helm release ${namespace}/${release}: takes over what an unfinished run has left (record ${metadata!.name}, ${metadata!.labels?.status})`,
            );
        }
    });
    return { beforeCreate: [hook] };
}

/** Label selector of a release's records. */
export function recordSelector(release: string, which: "any" | "unfinished"): string {
    const status = which === "unfinished" ? ",status=pending-install" : "";
    return `owner=helm,name=${release}${status}`;
}
