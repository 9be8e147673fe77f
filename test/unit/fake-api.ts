import * as http from "node:http";
import type { AddressInfo } from "node:net";

/** Resources the fake knows: group and version, kind, plural, namespaced. */
const KINDS: [apiVersion: string, kind: string, plural: string, namespaced: boolean][] = [
    ["v1", "Namespace", "namespaces", false],
    ["v1", "Secret", "secrets", true],
    ["v1", "Service", "services", true],
    ["rampart.petuum.com/v1beta2", "RampartGraph", "rampartgraphs", true],
    ["apisix.apache.org/v2", "ApisixRoute", "apisixroutes", true],
];

export interface FakeApi {
    kubeconfig: string;
    /** Every path that was asked for, discovery left out. */
    asked: string[];
    close(): Promise<void>;
}

/** What is at a path: an object; undefined for none; an HTTP status for a failure. */
export type Answer = object | number | undefined;

/**
 * A Kubernetes API server for reading: discovery of `KINDS`, and what `answer` says for each path.
 * @param answer called for each request, so that an object can change between two looks
 */
export async function fakeApi(answer: (path: string) => Answer): Promise<FakeApi> {
    const asked: string[] = [];
    const server = http.createServer((request, response) => {
        const path = request.url!.split("?")[0];
        const found = discovery(path) ?? (asked.push(path), answer(path));
        const status = typeof found === "number" ? found : found === undefined ? 404 : 200;
        const body = typeof found === "object" ? found : { kind: "Status", status: "Failure", code: status };
        response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return {
        asked,
        kubeconfig: JSON.stringify({
            // The client speaks plain HTTP only where it need not verify anything.
            clusters: [
                { name: "fake", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
            ],
            users: [{ name: "fake", user: { token: "s3cret-token" } }],
            contexts: [{ name: "fake", context: { cluster: "fake", user: "fake" } }],
            "current-context": "fake",
        }),
        close: () => {
            server.closeAllConnections();
            return new Promise((resolve) => server.close(() => resolve()));
        },
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
