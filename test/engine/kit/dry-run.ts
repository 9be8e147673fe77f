import { request } from "node:https";
import type { KubeConfig, KubernetesObject } from "@kubernetes/client-node";

/** What `kubectl create --dry-run=server --validate=strict` does. @returns the server's refusal, or undefined */
export function dryRunCreate(access: KubeConfig, object: KubernetesObject): Promise<string | undefined> {
    return post(access, object, "dryRun=All&fieldValidation=Strict");
}

/** Creates an object as it is written: the client's own call reads a definition's schema into classes, which drop parts of it. */
export async function createAsWritten(access: KubeConfig, object: KubernetesObject): Promise<void> {
    const refusal = await post(access, object, "");
    if (refusal !== undefined) throw new Error(refusal);
}

async function post(access: KubeConfig, object: KubernetesObject, query: string): Promise<string | undefined> {
    const { apiVersion, kind, metadata } = object;
    const group = apiVersion!.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    // A group that the server does not know is answered with 404, in words.
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
