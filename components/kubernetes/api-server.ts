import type * as client from "@kubernetes/client-node" with { "resolution-mode": "import" };
import * as http from "node:http";
import * as https from "node:https";
import { kubeconfigContent, type PlainAccess } from "./kubeconfig-content";

export type { PlainAccess };

// Requests to the API server. `@kubernetes/client-node` is loaded only for kubeconfigs that need its authentication methods.
// Loading its 2,700 files takes 0.4 s of a core in the program, and again in the process of the dynamic resources. That
// client also opens a new connection for each request.
//
// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** An API server, with the connection options of the kubeconfig's user. */
export interface ApiServer {
    /** Address without a trailing slash. */
    server: string;
    /** Options of `https.request` for one request. */
    options(): Promise<https.RequestOptions>;
}

interface Cluster {
    server: string;
    "certificate-authority-data"?: string;
    "insecure-skip-tls-verify"?: boolean;
    "tls-server-name"?: string;
}

interface User {
    "client-certificate-data"?: string;
    "client-key-data"?: string;
    token?: string;
}

/** @throws Error if the kubeconfig has no cluster for the context */
export function openApiServer(access: PlainAccess): ApiServer {
    const kubeconfig = kubeconfigContent(access);
    return withoutLibrary(kubeconfig) ?? withLibrary(kubeconfig);
}

/**
 * The Kubernetes client, loaded at its first use. Loading takes 0.4 s of a core (measured 2026-11), and a preview and most
 * commands do not need it.
 */
export function kubernetesClient(): typeof client {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import at the top would load it at once
    return require("@kubernetes/client-node") as typeof client;
}

/** Parses the kubeconfig with the Kubernetes client. @throws Error without its text, which has the user's token */
export function kubeConfigOf(access: PlainAccess): client.KubeConfig {
    const config = new (kubernetesClient().KubeConfig)();
    config.loadFromString(kubeconfigContent(access));
    return config;
}

/** Opens a kubeconfig with helper programs or proxies. Its credentials may change with each request. */
function withLibrary(kubeconfig: string): ApiServer {
    const config = kubeConfigOf({ kubeconfig });
    return {
        server: config.getCurrentCluster()!.server,
        options: async () => {
            const options: https.RequestOptions = {};
            await config.applyToHTTPSOptions(options as Parameters<typeof config.applyToHTTPSOptions>[0]);
            return options;
        },
    };
}

/**
 * Opens a kubeconfig with only certificates and a token.
 * @param kubeconfig of one context, see {@link kubeconfigContent}
 * @returns undefined for any other kubeconfig
 */
function withoutLibrary(kubeconfig: string): ApiServer | undefined {
    const { clusters, users } = JSON.parse(kubeconfig) as { clusters: { cluster: Cluster }[]; users: { user: User }[] };
    const [{ cluster }, { user }] = [clusters[0], users[0]];
    const known = [
        ...["server", "certificate-authority-data", "insecure-skip-tls-verify", "tls-server-name"],
        ...["client-certificate-data", "client-key-data", "token"],
    ];
    if ([...Object.keys(cluster), ...Object.keys(user)].some((key) => !known.includes(key))) return undefined;
    const server = cluster.server.replace(/\/$/, "");
    const unverified = cluster["insecure-skip-tls-verify"] === true;
    const plain = server.startsWith("http:");
    if (plain ? !unverified : !server.startsWith("https:")) return undefined;
    const pem = (data: string | undefined) => (data ? Buffer.from(data, "base64") : undefined);
    const agent = new (plain ? http : https).Agent({
        keepAlive: true,
        maxSockets: 8,
        ca: pem(cluster["certificate-authority-data"]),
        cert: pem(user["client-certificate-data"]),
        key: pem(user["client-key-data"]),
        ...(cluster["tls-server-name"] && { servername: cluster["tls-server-name"] }),
        ...(unverified && { rejectUnauthorized: false }),
    });
    const headers = user.token ? { Authorization: `Bearer ${user.token}` } : {};
    return { server, options: () => Promise.resolve({ agent, headers }) };
}

/** Method, headers and body of a request. */
export interface ApiRequest {
    /** @default GET */
    method?: string;
    body?: object;
    /** Type of the body. @default application/json */
    type?: string;
}

/**
 * Sends a request and parses the JSON of the answer.
 * @throws Error with the status as `code` and the text as `body` for an answer other than 2xx
 * @throws Error with the network error's `code` if there is no answer
 */
export async function askApi<T>(api: ApiServer, path: string, asked: ApiRequest = {}): Promise<T> {
    const { method = "GET", body, type = "application/json" } = asked;
    const url = `${api.server}${path}`;
    const given = await api.options();
    const { request } = url.startsWith("http:") ? http : https;
    const headers = { ...given.headers, Accept: "application/json", ...(body && { "Content-Type": type }) };
    const send = () =>
        new Promise<{ status: number; text: string }>((resolve, reject) => {
            const sent = request(url, { ...given, method, headers }, (answer) => {
                const chunks: Buffer[] = [];
                answer.on("data", (chunk: Buffer) => chunks.push(chunk));
                answer.on("error", reject);
                answer.on("end", () => resolve({ status: answer.statusCode!, text: Buffer.concat(chunks).toString() }));
            });
            sent.on("error", (error) => reject(Object.assign(error, { closed: sent.reusedSocket })));
            sent.end(body && JSON.stringify(body));
        });
    const { status, text } = await send()
        // Repeats the request once, since the server may close a kept-alive connection at the moment of its reuse.
        .catch((error: NodeJS.ErrnoException & { closed: boolean }) =>
            error.closed && error.code === "ECONNRESET" ? send() : Promise.reject(error),
        )
        .catch((error: NodeJS.ErrnoException) => {
            const message = `request to ${url} failed, reason: ${error.message}`;
            throw Object.assign(new Error(message), { code: error.code });
        });
    if (status >= 200 && status <= 299) return JSON.parse(text) as T;
    throw Object.assign(new Error(`HTTP-Code: ${status}\nBody: ${text}`), { code: status, body: text });
}
