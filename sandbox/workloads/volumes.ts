/** Plays a storage provisioner: a volume for every claim that has none, gone with its claim. Nothing is stored in it. */
import type { Cluster, Snapshot } from "./cluster";

export async function provision(cluster: Cluster, { claims, volumes }: Snapshot): Promise<void> {
    for (const claim of claims) {
        const { name, namespace, uid } = claim.metadata!;
        if (claim.spec?.volumeName || claim.status?.phase === "Bound") continue;
        const volume = `pvc-${uid}`;
        if (volumes.some((v) => v.metadata!.name === volume)) continue;
        await cluster.rest.apply(`/api/v1/persistentvolumes/${volume}`, {
            apiVersion: "v1",
            kind: "PersistentVolume",
            metadata: { name: volume },
            spec: {
                capacity: { storage: claim.spec?.resources?.requests?.storage ?? "1Gi" },
                accessModes: claim.spec?.accessModes,
                storageClassName: claim.spec?.storageClassName ?? "",
                persistentVolumeReclaimPolicy: "Retain",
                hostPath: { path: `/nowhere/${volume}` },
                claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid },
            },
        });
    }
    for (const volume of volumes)
        if (volume.status?.phase === "Released" && !volume.metadata?.deletionTimestamp)
            await cluster.rest.call("DELETE", `/api/v1/persistentvolumes/${volume.metadata!.name}`);
}
