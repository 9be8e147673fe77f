/**
 * Creates the objects that the preflight check looks for to detect an installed Rampart. Rampart's real chart is not
 * public.
 * The names of the Secret rampart-repo and the StorageClass rampart are from its public parts. The namespace and the
 * names of the Deployments are invented.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import { ApiError, realClock } from "./api.js";
import { crds, type WebhookAddress } from "./crds.js";
import { Rest } from "./rest.js";

export const RAMPART_NAMESPACE = "rampart-system";

export interface InstallOptions {
    /** Keys of the Secret rampart-repo: `url`, and credentials for helm. @default no such Secret */
    repo?: { url: string } & Record<string, string>;
    /** Webhook that converts v1beta1 graphs. Without it the API server serves only v1beta2. */
    webhook?: WebhookAddress;
}

/** Longest wait until the API server serves a new kind, in seconds. */
const ESTABLISHED_SECONDS = 120;

/**
 * Creates the CRDs, the namespace, the Deployments of controller and validator, the StorageClass and the repo's Secret.
 * Idempotent.
 */
export async function installRampart(kubeConfig: KubeConfig, options: InstallOptions = {}): Promise<void> {
    const rest = new Rest(kubeConfig);
    await installDefinitions(rest, crds(options.webhook));
    for (const { path, body } of markers(options.repo)) await rest.apply(path, body);
}

interface Definition {
    metadata: { name: string };
    status?: { conditions?: { type: string; status: string }[] };
}

/** The fields of a definition that {@link installDefinitions} reads. */
export interface NewDefinition {
    metadata: { name: string };
    spec: { group: string; names: { plural: string }; versions: object[] };
}

/** Creates custom resource definitions, and waits until the API server serves their kinds. Idempotent. */
export async function installDefinitions(rest: Rest, definitions: NewDefinition[]): Promise<void> {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for (const crd of definitions) await rest.apply(`${path}/${crd.metadata.name}`, crd);
    await Promise.all(definitions.map((crd) => established(rest, path, crd.metadata.name)));
    await Promise.all(definitions.map((crd) => served(rest, crd.spec)));
}

async function established(rest: Rest, path: string, name: string): Promise<void> {
    let done = false;
    const look = ({ object }: { object: Definition }) =>
        (done = object.status?.conditions?.some((c) => c.type === "Established" && c.status === "True") ?? false);
    const one = `${path}?fieldSelector=metadata.name%3D${name}`;
    await rest.watch<Definition>(one, ESTABLISHED_SECONDS, look, new AbortController().signal);
    if (!done)
        throw new Error(
            `CRD ${name}: was not established within ${ESTABLISHED_SECONDS} s. Check: kubectl describe crd ${name}`,
        );
}

/**
 * Waits until the API server serves a kind. For a moment after a kind is established, the API server answers requests for it
 * with 404 or 429 ("storage is (re)initializing").
 */
async function served(
    rest: Rest,
    spec: { group: string; names: { plural: string }; versions: object[] },
): Promise<void> {
    const newest = (spec.versions.at(-1) as { name: string }).name;
    const path = `/apis/${spec.group}/${newest}/${spec.names.plural}?limit=1`;
    const end = performance.now() + ESTABLISHED_SECONDS * 1000;
    for (;;) {
        try {
            await rest.call("GET", path);
            return;
        } catch (error) {
            const passing = error instanceof ApiError && [404, 429, 503].includes(error.status);
            if (!passing || performance.now() > end) throw error;
            await realClock.sleep(0.1);
        }
    }
}

function markers(repo: InstallOptions["repo"]): { path: string; body: object }[] {
    const namespaced = (api: string, plural: string, name: string) =>
        `${api}/namespaces/${RAMPART_NAMESPACE}/${plural}/${name}`;
    const labels = { "app.kubernetes.io/part-of": "rampart" };
    const metadata = (name: string) => ({ name, namespace: RAMPART_NAMESPACE, labels });
    const deployment = (name: string) => ({
        path: namespaced("/apis/apps/v1", "deployments", name),
        body: {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: metadata(name),
            spec: {
                replicas: 1,
                selector: { matchLabels: { app: name } },
                template: {
                    metadata: { labels: { app: name } },
                    spec: { containers: [{ name: "main", image: "rampart.invalid/emulator:47a837c" }] },
                },
            },
        },
    });
    return [
        {
            path: `/api/v1/namespaces/${RAMPART_NAMESPACE}`,
            body: { apiVersion: "v1", kind: "Namespace", metadata: { name: RAMPART_NAMESPACE, labels } },
        },
        deployment("rampart-controller"),
        deployment("rampart-validator"),
        {
            path: "/apis/storage.k8s.io/v1/storageclasses/rampart",
            body: {
                apiVersion: "storage.k8s.io/v1",
                kind: "StorageClass",
                metadata: { name: "rampart", labels },
                provisioner: "cluster.local/rampart-nfs-subdir-external-provisioner",
            },
        },
        ...(repo
            ? [
                  {
                      path: namespaced("/api/v1", "secrets", "rampart-repo"),
                      body: { apiVersion: "v1", kind: "Secret", metadata: metadata("rampart-repo"), stringData: repo },
                  },
              ]
            : []),
    ];
}
