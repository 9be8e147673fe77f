/** The API of a cluster for the MicroK8s emulator, with the rights of an administrator. */
import { KubeConfig } from "@kubernetes/client-node";
import { ApiError } from "../../rampart/kubernetes/api";
import { Rest } from "../../rampart/kubernetes/rest";

export interface KubeObject {
    metadata: {
        name: string;
        namespace?: string;
        labels?: Record<string, string>;
        deletionTimestamp?: string;
        ownerReferences?: { kind: string; name: string }[];
        generation?: number;
        uid?: string;
    };
    // Objects of all kinds have this type: each caller knows which fields its kind has.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    [part: string]: any;
}

export interface KubeRest extends Pick<Rest, "call" | "find"> {
    /** Kubeconfig of an administrator, a secret. */
    readonly kubeconfig: string;
}

export function restOf(kubeconfig: string): KubeRest {
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    return Object.assign(new Rest(config), { kubeconfig });
}

/** Sends a request, except that an answer with this status is as good as success. */
async function unless(status: number, request: Promise<unknown>): Promise<void> {
    await request.catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === status)) throw error;
    });
}

/** Creates an object, unless it exists. */
export const make = (rest: KubeRest, collection: string, object: object) =>
    unless(409, rest.call("POST", collection, object));

/** Deletes an object, if it exists. */
export const unmake = (rest: KubeRest, path: string) => unless(404, rest.call("DELETE", path));
