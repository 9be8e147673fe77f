import { request } from "node:https";
import type { KubeConfig, KubernetesObject } from "@kubernetes/client-node";

/**
 * Does the same as `kubectl create --dry-run=server --validate=strict`. @returns the API server's error message, or undefined
 */
export function dryRunCreate(access: KubeConfig, object: KubernetesObject): Promise<string | undefined> {
    return post(access, object, "dryRun=All&fieldValidation=Strict");
}

/** Creates an object exactly as written. The Kubernetes client would drop fields of a CRD's schema. */
export async function createAsWritten(access: KubeConfig, object: KubernetesObject): Promise<void> {
    const refusal = await post(access, object, "");
    if (refusal !== undefined) throw new Error(refusal);
}

async function post(access: KubeConfig, object: KubernetesObject, query: string): Promise<string | undefined> {
    const { apiVersion, kind, metadata } = object;
    const group = apiVersion!.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    // For an unknown group, the server answers 404 with plain text.
    const known = await send(access, "GET", group);
    const { resources } = (known.status === 200 ? JSON.parse(known.body) : { resources: [] }) as {
        resources: { kind: string; name: string; namespaced: boolean }[];
    };
    const found = resources.find((r) => r.kind === kind && !r.name.includes("/"));
    if (!found) return `no definition of ${kind} in ${apiVersion}`;
    const namespace = found.namespaced && metadata?.namespace ? `/namespaces/${metadata.namespace}` : "";
    const answer = await send(access, "POST", `${group}${namespace}/${found.name}?${query}`, object);
    return answer.status < 300 ? undefined : `${kind}: ${JSON.parse(answer.body).message}`;
}

async function send(access: KubeConfig, method: string, path: string, body?: object) {
    const options = {};
    await access.applyToHTTPSOptions(options);
    return new Promise<{ status: number; body: string }>((resolve, reject) => {
        const url = `${access.getCurrentCluster()!.server}${path}`;
        const headers = { "Content-Type": "application/json" };
        const sent = request(url, { ...options, method, headers }, (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (part) => (text += part));
            response.on("end", () => resolve({ status: response.statusCode!, body: text }));
        });
        sent.on("error", reject).end(body && JSON.stringify(body));
    });
}
