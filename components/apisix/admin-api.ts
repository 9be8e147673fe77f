import type { PlainAccess } from "../kubernetes/api-server";
import { openLister, openReader, type Reader } from "../kubernetes/cluster-reader";
import { ADMIN_KEYS_SECRET, isReadyPod, POD_ADMIN_PORT } from "./gateway-pods";
import { kubectlOf } from "../kubernetes/kubeconfig-content";
import { connectToPod, type PodAnswer } from "../kubernetes/pod-connection";

// Reads the Admin API of the gateway's pods. The state stores this file as text. dynamic-resource.ts describes what such a
// file may import and use.

/** The Secret with the keys of the Admin API. */
const { name: KEYS } = ADMIN_KEYS_SECRET;

/** The Admin API of one ready gateway pod, opened with the read-only key. */
export interface AdminApi {
    /** @param path below `/apisix/admin/` */
    get(path: string): Promise<PodAnswer>;
    close(): void;
}

/**
 * Error that explains why the Admin API could not be opened. `status` is 404 if the Secret with the keys of the
 * Admin API does not exist.
 */
export type AdminApiError = Error & { status?: number };

/**
 * Opens the Admin API of a ready gateway pod through port-forwarding.
 * @param connections number of connections to the pod, which requests use in turn
 * @throws AdminApiError that names the missing Secret or pod
 */
export async function openAdminApi(access: PlainAccess, namespace: string, connections = 1): Promise<AdminApi> {
    const key = await viewerKey(openReader(access), namespace);
    if (key === undefined)
        throw Object.assign(new Error(`there is no Secret ${namespace}/${KEYS} with the key viewer`), { status: 404 });
    const pods = await openLister(access)("v1", "Pod", namespace);
    const pod = pods.find((one) => isReadyPod(one, { "app.kubernetes.io/name": "apisix" }))?.metadata?.name;
    if (pod === undefined) throw new Error(`no APISIX pod of ${namespace} is ready`);
    const headers = { "X-API-KEY": key };
    const open = Array.from({ length: connections }, () =>
        connectToPod(access, { namespace, pod, port: POD_ADMIN_PORT }),
    );
    let turn = 0;
    return {
        get: (path) => open[turn++ % open.length].request({ method: "GET", path: `/apisix/admin/${path}`, headers }),
        close: () => open.forEach((connection) => connection.close()),
    };
}

/** The read-only key; undefined if the gateway has no Secret of this project, or if the user may not read it. */
export async function viewerKey(read: Reader, namespace: string): Promise<string | undefined> {
    const secret = await read({ apiVersion: "v1", kind: "Secret", namespace, name: KEYS }).catch((error) => {
        if ((error as { code?: number }).code !== 403) throw error;
        return undefined;
    });
    const viewer = (secret?.data as Record<string, string> | undefined)?.viewer;
    return viewer === undefined ? undefined : Buffer.from(viewer, "base64").toString();
}

/** Answers to `GET /apisix/admin/routes` while APISIX receives no changes, with their cause (3.18.0). */
const TROUBLES: [status: number, text: string, cause: string][] = [
    // Only a starting pod creates APISIX's directory keys in etcd. Without them, every list returns 404.
    [404, '"Key not found"', "etcd has lost APISIX's directory keys"],
    [401, "", `APISIX rejects the keys of Secret ${KEYS}: its pods started with other keys`],
    [
        503,
        "etcd response missing header.revision",
        "etcd rejects APISIX: its pods started with another password of etcd, or without one",
    ],
];

/**
 * Derives from an answer of the Admin API why APISIX receives no changes, with a command that restores them.
 * @param kubectl kubectl for the gateway's namespace
 */
export function troubleOf({ status, body }: Pick<PodAnswer, "status" | "body">, kubectl: string): string | undefined {
    const found = TROUBLES.find(([code, text]) => code === status && body.includes(text));
    if (found === undefined) return undefined;
    return `${found[2]}, so APISIX receives no change of a route or consumer, and no revocation. Run: ${kubectl} rollout restart deployment/apisix`;
}

/**
 * Why APISIX receives no change. Undefined if APISIX receives changes, if no pod is ready, or if the user may not use
 * port-forwarding.
 */
export async function adminTrouble(access: PlainAccess, gatewayNamespace: string): Promise<string | undefined> {
    try {
        const api = await openAdminApi(access, gatewayNamespace);
        try {
            return troubleOf(await api.get("routes"), kubectlOf(access, gatewayNamespace));
        } finally {
            api.close();
        }
    } catch {
        return undefined;
    }
}
