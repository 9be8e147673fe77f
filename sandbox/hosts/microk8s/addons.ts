/** The add-ons of MicroK8s that the project enables, as the objects that they create in the cluster. */
import { STARTABLE_ANNOTATION } from "../../control-plane/stages";
import { type KubeRest, make, unmake } from "./rest";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/kube-system/deployments";
const SERVICES = "/api/v1/namespaces/kube-system/services";
const CLASSES = "/apis/storage.k8s.io/v1/storageclasses";

type Objects = [collection: string, object: { metadata: { name: string } }][];

const deployment = (name: string, image: string): Objects[number] => [
    DEPLOYMENTS,
    {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, namespace: "kube-system" },
        spec: {
            replicas: 1,
            selector: { matchLabels: { app: name } },
            template: {
                // No emulator runs this pod, so kwok may mark it ready at once.
                metadata: { labels: { app: name }, annotations: { [STARTABLE_ANNOTATION]: "true" } },
                spec: { containers: [{ name, image }] },
            },
        },
    } as Objects[number][1],
];

export const ADDONS: Record<string, Objects> = {
    dns: [
        deployment("coredns", "coredns/coredns:1.13.1"),
        [
            SERVICES,
            {
                apiVersion: "v1",
                kind: "Service",
                metadata: { name: "kube-dns", namespace: "kube-system" },
                spec: {
                    clusterIP: "10.152.183.10",
                    selector: { app: "coredns" },
                    ports: [{ port: 53, protocol: "UDP" }],
                },
            } as Objects[number][1],
        ],
    ],
    "hostpath-storage": [
        deployment("hostpath-provisioner", "cdkbot/hostpath-provisioner:1.6.0"),
        [
            CLASSES,
            {
                apiVersion: "storage.k8s.io/v1",
                kind: "StorageClass",
                metadata: {
                    name: "microk8s-hostpath",
                    annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
                },
                provisioner: "microk8s.io/hostpath",
                reclaimPolicy: "Delete",
                volumeBindingMode: "WaitForFirstConsumer",
            } as Objects[number][1],
        ],
    ],
};

/** Enables an add-on. An object that exists stays as it is. */
export async function enable(rest: KubeRest, name: string): Promise<void> {
    for (const [collection, object] of ADDONS[name])
        // The API server rejects a second Service with the same address before it says that the name exists.
        if (!(await rest.find(`${collection}/${object.metadata.name}`))) await make(rest, collection, object);
}

/** Ends the add-ons with their cluster. The StorageClass stays: the sandbox may have created it before. */
export async function endAddons(rest: KubeRest): Promise<void> {
    for (const [collection, { metadata }] of Object.values(ADDONS).flat())
        if (collection !== CLASSES) await unmake(rest, `${collection}/${metadata.name}`);
}
