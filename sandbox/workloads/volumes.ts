/**
 * Emulates storage provisioners: creates a volume for every claim with an existing class, and deletes the volume with the
 * claim. The volume stores no data. A claim without a class, or with an unknown class, waits forever, as in a real cluster.
 */
import type { Cluster, Snapshot } from "./cluster";

/**
 * The default class of MicroK8s (add-on hostpath-storage). The StorageClass of Rampart is in rampart/kubernetes/install.ts.
 */
const DEFAULT_CLASS = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: {
        name: "microk8s-hostpath",
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: "microk8s.io/hostpath",
};

/** Runs before any claim is created, because the API server sets the default class at creation. */
export async function createDefaultClass(cluster: Cluster): Promise<void> {
    const { name } = DEFAULT_CLASS.metadata;
    await cluster.rest.apply(`/apis/storage.k8s.io/v1/storageclasses/${name}`, DEFAULT_CLASS);
}

export async function provision(cluster: Cluster, { claims, volumes, storageClasses }: Snapshot): Promise<void> {
    for (const claim of claims) {
        const { name, namespace, uid } = claim.metadata!;
        if (claim.spec?.volumeName || claim.status?.phase === "Bound") continue;
        const storageClassName = claim.spec?.storageClassName;
        if (!storageClasses.some((c) => c.metadata!.name === storageClassName)) continue;
        const volume = `pvc-${uid}`;
        if (volumes.some((v) => v.metadata!.name === volume)) continue;
        await cluster.rest.apply(`/api/v1/persistentvolumes/${volume}`, {
            apiVersion: "v1",
            kind: "PersistentVolume",
            metadata: { name: volume },
            spec: {
                capacity: { storage: claim.spec?.resources?.requests?.storage ?? "1Gi" },
                accessModes: claim.spec?.accessModes,
                storageClassName,
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
