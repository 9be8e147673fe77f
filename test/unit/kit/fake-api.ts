import * as http from "node:http";
import type { FakePods } from "./fake-pods";
import { listen } from "./http";

/** Kinds that the fake API server has. */
const KINDS: [apiVersion: string, kind: string, plural: string, namespaced: boolean][] = [
    ["v1", "Namespace", "namespaces", false],
    ["v1", "Secret", "secrets", true],
    ["v1", "Service", "services", true],
    ["v1", "ConfigMap", "configmaps", true],
    ["v1", "Pod", "pods", true],
    ["v1", "Event", "events", true],
    ["apps/v1", "DaemonSet", "daemonsets", true],
    ["apps/v1", "Deployment", "deployments", true],
    ["apps/v1", "StatefulSet", "statefulsets", true],
    ["ray.io/v1", "RayCluster", "rayclusters", true],
    ["rampart.petuum.com/v1beta2", "RampartGraph", "rampartgraphs", true],
    ["apisix.apache.org/v2", "ApisixRoute", "apisixroutes", true],
    ["apisix.apache.org/v1alpha1", "Consumer", "consumers", true],
];

export interface FakeApi {
    kubeconfig: string;
    /** Every requested path, except those of API discovery. */
    asked: string[];
}

/** The answer to a request: an object, the HTTP status of a failure, or undefined for 404. */
export type Answer = object | number | undefined;

/** A request to the server. Its path is passed separately. */
export interface Request {
    method: string;
    query: Record<string, string>;
    type?: string;
    accept?: string;
    body?: any;
}

/**
 * Starts a fake Kubernetes API server, which ends after the test. It answers discovery with `KINDS`, and other paths
 * with `answer`. For a `Status`, the HTTP status is its code.
 * @param answer called for each request, so that an object can change between two reads
 * @param pods reached through port-forwarding.
 * @default none
 */
export async function fakeApi(
    answer: (path: string, request: Request) => Answer,
    pods?: Pick<FakePods, "upgrade">,
): Promise<FakeApi> {
    const asked: string[] = [];
    const server = http.createServer(async (request, response) => {
        const { pathname: path, searchParams } = new URL(request.url!, "http://fake");
        let text = "";
        for await (const part of request) text += part;
        const sent = {
            method: request.method!,
            query: Object.fromEntries(searchParams),
            type: request.headers["content-type"],
            accept: request.headers.accept,
            body: text === "" ? undefined : JSON.parse(text),
        };
        const found = discovery(path) ?? (asked.push(path), answer(path, sent));
        const refused =
            (found as { kind?: string } | undefined)?.kind === "Status" ? (found as { code: number }) : undefined;
        const status = refused?.code ?? (typeof found === "number" ? found : found === undefined ? 404 : 200);
        const body = typeof found === "object" ? found : { kind: "Status", status: "Failure", code: status };
        response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    });
    if (pods) server.on("upgrade", (request, socket, head) => pods.upgrade(request, socket, head));
    const port = await listen(server);
    return {
        asked,
        kubeconfig: JSON.stringify({
            // The client accepts plain HTTP only if it does not verify certificates.
            clusters: [
                { name: "fake", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
            ],
            users: [{ name: "fake", user: { token: "s3cret-token" } }],
            contexts: [{ name: "fake", context: { cluster: "fake", user: "fake" } }],
            "current-context": "fake",
        }),
    };
}

function discovery(path: string): object | undefined {
    const match = /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))$/.exec(path);
    if (!match) return undefined;
    const version = match[1] ?? match[2];
    const resources = KINDS.filter(([apiVersion]) => apiVersion === version).map(([, kind, name, namespaced]) => ({
        kind,
        name,
        namespaced,
        singularName: "",
        verbs: ["get", "list"],
    }));
    return resources.length > 0 ? { kind: "APIResourceList", groupVersion: version, resources } : undefined;
}
