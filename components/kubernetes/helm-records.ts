import * as pulumi from "@pulumi/pulumi";
import { kubeConfigOf, kubernetesClient } from "./api-server";
import { plainAccess, type ClusterAccess } from "./kubeconfig";

interface ReleaseName {
    release: string;
    namespace: string;
}

/**
 * Hook that lets Helm repeat the first installation of a release after that installation was killed.
 *
 * Helm keeps a record of each release in a Secret (type helm.sh/release.v1, labels `owner`, `name` and `status`), and
 * rejects an installation whose name has a record. A killed run leaves a record of an unfinished installation, and no
 * release in the state. Without the record, Helm adopts the objects of the killed run, which carry the release's name.
 *
 * The hook runs only before a creation, so it never deletes the record of a release in the state.
 * @param which records to delete: `any` if the namespace belongs to the stack, otherwise `unfinished`, because another
 * owner may have installed a release with this name
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
                `Helm release ${namespace}/${release}: an earlier run left an unfinished installation. Pulumi deleted its record (Secret ${metadata!.name}, status ${metadata!.labels?.status}), and Helm adopts its objects.`,
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
