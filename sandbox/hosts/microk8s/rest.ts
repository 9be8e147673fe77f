/** Client of the Kubernetes API for the MicroK8s emulator: single requests with the rights of an administrator. */
import { KubeConfig } from "@kubernetes/client-node";
import { call } from "../../control-plane/api";

export interface KubeObject {
    apiVersion?: string;
    kind?: string;
    metadata: {
        name: string;
        namespace?: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
        creationTimestamp?: string;
        deletionTimestamp?: string;
        ownerReferences?: { kind: string; name: string; controller?: boolean }[];
        generation?: number;
        uid?: string;
        resourceVersion?: string;
        managedFields?: object[];
    };
    // Objects of all kinds have this type: each caller knows which fields its kind has.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    [part: string]: any;
}

export interface RestAnswer {
    status: number;
    text: string;
}

export interface KubeRest {
    request(method: string, path: string, body?: object, contentType?: string): Promise<RestAnswer>;
    /** Kubeconfig of an administrator, a secret. */
    readonly kubeconfig: string;
}

export const MERGE_PATCH = "application/merge-patch+json";

/** Client for the API server of a kubeconfig that has a client certificate. */
export function restOf(kubeconfig: string): KubeRest {
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
    if (!cluster?.caData || !user?.certData || !user.keyData)
        throw new Error("kubeconfig: needs certificate-authority-data, client-certificate-data and client-key-data.");
    const text = (base64: string) => Buffer.from(base64, "base64").toString();
    const api = {
        server: cluster.server,
        caCert: text(cluster.caData),
        credential: { cert: text(user.certData), key: text(user.keyData) },
    };
    return {
        kubeconfig,
        request: async (method, path, body, contentType) => {
            const { status, body: answer } = await call(api, method, path, body, { contentType });
            return { status, text: answer };
        },
    };
}

/** Thrown if the status of an answer is not 2xx. It contains the message of the API server. */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        text: string,
    ) {
        const { reason, message } = parsed(text) as { reason?: string; message?: string };
        super(`Error from server${reason ? ` (${reason})` : ""}: ${message ?? `answered ${status}`}`);
    }
}

/** Returns the body of an answer. @throws ApiError if the status is not 2xx */
export async function ask<T>(rest: KubeRest, method: string, path: string, body?: object, type?: string): Promise<T> {
    const { status, text } = await rest.request(method, path, body, type);
    if (status < 200 || status > 299) throw new ApiError(status, text);
    return parsed(text) as T;
}

/** Returns the object at a path; undefined if there is none. */
export async function find(rest: KubeRest, path: string): Promise<KubeObject | undefined> {
    try {
        return await ask<KubeObject>(rest, "GET", path);
    } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
    }
}

/** Creates an object, unless it exists. */
export async function make(rest: KubeRest, collection: string, object: object): Promise<void> {
    try {
        await ask(rest, "POST", collection, object);
    } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) throw error;
    }
}

/** Deletes an object, if it exists. */
export async function unmake(rest: KubeRest, path: string): Promise<void> {
    await rest.request("DELETE", path);
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return {};
    }
}
