import type * as client from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { existsSync, readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { parse } from "yaml";

// Requests to the API server. `@kubernetes/client-node` is loaded only for kubeconfigs that need its authentication methods.
// Loading its 2,700 files takes 0.4 s of a core in the program, and again in the process of the dynamic resources. That
// client also opens a new connection for each request.
//
// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Connection settings of a cluster. They have the kubeconfig in plain text, so they exist only while they are used. */
export interface PlainAccess {
    kubeconfig?: string;
    context?: string;
}

/** An API server, with the connection options of the kubeconfig's user. */
export interface ApiServer {
    /** Address without a trailing slash. */
    server: string;
    /** Options of `https.request` for one request. */
    options(): Promise<https.RequestOptions>;
}

interface Cluster {
    server?: string;
    "certificate-authority"?: string;
    "certificate-authority-data"?: string;
    "insecure-skip-tls-verify"?: boolean;
    "tls-server-name"?: string;
}

interface User {
    "client-certificate"?: string;
    "client-certificate-data"?: string;
    "client-key"?: string;
    "client-key-data"?: string;
    token?: string;
}

interface Kubeconfig {
    clusters: { name: string; cluster: Cluster }[];
    users: { name: string; user: User }[];
    contexts: { name: string; context: { cluster: string; user: string } }[];
    "current-context"?: string;
}

/** @throws Error if the kubeconfig has no cluster for the context */
export function openApiServer(access: PlainAccess): ApiServer {
    return withoutLibrary(access) ?? withLibrary(access);
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
    try {
        if (access.kubeconfig === undefined) config.loadFromDefault();
        else config.loadFromString(access.kubeconfig);
    } catch (error) {
        const { name, mark } = error as { name?: string; mark?: { line: number } };
        // Errors of the Kubernetes client name a missing entry or an unreadable file. Errors of the YAML parser have
        // another `name`, and their message would show lines of the file.
        if (name === "Error") throw error;
        const line = mark === undefined ? "" : `, line ${mark.line + 1}`;
        throw new Error(`the kubeconfig must be YAML with clusters, users and contexts${line}`);
    }
    if (access.context !== undefined) config.setCurrentContext(access.context);
    return config;
}

/**
 * Opens a kubeconfig with helper programs, proxies or service accounts. This needs the Kubernetes client, whose credentials
 * may change with each request.
 */
function withLibrary(access: PlainAccess): ApiServer {
    const config = kubeConfigOf(access);
    const server = config.getCurrentCluster()?.server;
    if (!server) throw new Error(`the kubeconfig has no cluster for context ${config.getCurrentContext() ?? "(none)"}`);
    return {
        server,
        options: async () => {
            const options: https.RequestOptions = {};
            await config.applyToHTTPSOptions(options as Parameters<typeof config.applyToHTTPSOptions>[0]);
            return options;
        },
    };
}

/**
 * Opens a kubeconfig with only certificates and a token.
 * @returns undefined for any other kubeconfig, also for an invalid one
 */
function withoutLibrary(access: PlainAccess): ApiServer | undefined {
    const { cluster, user, folder } = entriesOf(access) ?? {};
    if (cluster?.server === undefined || user === undefined || folder === undefined) return undefined;
    const known = [
        ...["server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"],
        ...[
            "tls-server-name",
            "client-certificate",
            "client-certificate-data",
            "client-key",
            "client-key-data",
            "token",
        ],
    ];
    if ([...Object.keys(cluster), ...Object.keys(user)].some((key) => !known.includes(key))) return undefined;
    const server = cluster.server.replace(/\/$/, "");
    const unverified = cluster["insecure-skip-tls-verify"] === true;
    const plain = server.startsWith("http:");
    if (plain ? !unverified : !server.startsWith("https:")) return undefined;
    const pem = (file: string | undefined, data: string | undefined) => {
        if (file) return readFileSync(resolve(folder, file));
        return data ? Buffer.from(data, "base64") : undefined;
    };
    const agent = new (plain ? http : https).Agent({
        keepAlive: true,
        maxSockets: 8,
        ca: pem(cluster["certificate-authority"], cluster["certificate-authority-data"]),
        cert: pem(user["client-certificate"], user["client-certificate-data"]),
        key: pem(user["client-key"], user["client-key-data"]),
        ...(cluster["tls-server-name"] && { servername: cluster["tls-server-name"] }),
        ...(unverified && { rejectUnauthorized: false }),
    });
    const headers = user.token ? { Authorization: `Bearer ${user.token}` } : {};
    return { server, options: () => Promise.resolve({ agent, headers }) };
}

/** Cluster and user of the context, and the base folder for paths in the kubeconfig. */
function entriesOf({ kubeconfig, context }: PlainAccess) {
    const named = process.env.KUBECONFIG || join(homedir(), ".kube", "config");
    // The Kubernetes client handles these cases: it merges several files, and searches other locations if there is no
    // file.
    if (kubeconfig === undefined && (named.includes(delimiter) || !existsSync(named))) return undefined;
    try {
        const text = kubeconfig ?? readFileSync(named, "utf8");
        const file = parse(text, { logLevel: "error" }) as Kubeconfig;
        const wanted = context ?? file["current-context"];
        const chosen = file.contexts.find(({ name }) => name === wanted)!.context;
        const { cluster } = file.clusters.find(({ name }) => name === chosen.cluster)!;
        const { user } = file.users.find(({ name }) => name === chosen.user)!;
        return { cluster, user, folder: kubeconfig === undefined ? dirname(named) : "." };
    } catch {
        // No error is thrown here. The Kubernetes client reads the same kubeconfig next and reports the error.
        return undefined;
    }
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
