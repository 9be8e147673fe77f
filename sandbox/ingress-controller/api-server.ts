// Lists and watches objects of any kind on a Kubernetes API server, without generated types.
// Facts: kubernetes.io/docs/reference/using-api/api-concepts (efficient detection of changes, 410 Gone).

import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";

import type { KubeConfig } from "@kubernetes/client-node";

import { pause } from "../processes";
import type { Resource } from "./kinds";

export class ApiError extends Error {
    constructor(
        readonly status: number,
        message: string,
    ) {
        super(message);
    }
}

/** Longest duration of one watch in seconds, after which a new one starts. */
const WATCH_SECONDS = 300;

/** Waits between attempts while the API server is unreachable or the kind is not installed, in milliseconds. */
const RETRY_MS = { first: 200, longest: 5000 };

export class ApiServer {
    private readonly agent = new https.Agent({ keepAlive: true });

    constructor(private readonly kubeConfig: KubeConfig) {}

    close(): void {
        this.agent.destroy();
    }

    async request(method: string, path: string, body?: object, signal?: AbortSignal): Promise<unknown> {
        const response = await this.open(method, path, body, signal);
        const answer = await text(response);
        return answer === "" ? undefined : JSON.parse(answer);
    }

    /** Calls `each` with every event until the server ends the stream. */
    async watch(path: string, each: (event: WatchEvent) => void, signal: AbortSignal): Promise<void> {
        const response = await this.open("GET", path, undefined, signal);
        let rest = "";
        for await (const chunk of response.setEncoding("utf8")) {
            const lines = (rest + chunk).split("\n");
            rest = lines.pop() as string;
            for (const line of lines) if (line !== "") each(JSON.parse(line));
        }
    }

    private async open(
        method: string,
        path: string,
        body?: object,
        signal?: AbortSignal,
    ): Promise<http.IncomingMessage> {
        const cluster = this.kubeConfig.getCurrentCluster();
        if (!cluster) throw new Error("kubeconfig: must have a current context with a cluster");
        const url = new URL(cluster.server.replace(/\/$/, "") + path);
        const options: https.RequestOptions = { method, signal, headers: {} };
        await this.kubeConfig.applyToHTTPSOptions(options);
        // The library creates a new agent for every call, so it never reuses a connection. Here all calls can share one
        // agent, because the certificates and the token are in the options of the request.
        options.agent = url.protocol === "https:" ? this.agent : undefined;
        if (body) Object.assign(options.headers as object, { "Content-Type": "application/json" });
        const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
            const request = (url.protocol === "https:" ? https : http).request(url, options, resolve);
            request.on("error", reject);
            request.end(body && JSON.stringify(body));
        });
        if (response.statusCode === 200) return response;
        const message = messageOf(await text(response));
        throw new ApiError(response.statusCode as number, `${method} ${url.pathname}: ${message}`);
    }
}

interface WatchEvent {
    type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
    object: Resource & { code?: number; message?: string; metadata: { resourceVersion: string } };
}

function messageOf(text: string): string {
    try {
        return JSON.parse(text).message ?? text;
    } catch {
        return text;
    }
}

export interface Reflector {
    /** The objects in the local copy. */
    items(): Resource[];
    /** Resolves when the objects were listed for the first time. */
    listed: Promise<void>;
}

/**
 * Keeps a local copy of all objects below `path`. Calls `changed` when an object is added or deleted, or when the value that
 * `look` returns for an object changes.
 * @param look returns the part of an object whose changes cause a call. @default everything except the status
 */
export function reflect(
    api: ApiServer,
    path: string,
    changed: () => void,
    log: (line: string) => void,
    signal: AbortSignal,
    look: (object: Resource | undefined) => string = essence,
): Reflector {
    const items = new Map<string, Resource>();
    let first = () => {};
    const listed = new Promise<void>((resolve) => (first = resolve));
    let version = "";
    let wait = RETRY_MS.first;
    const store = (key: string, object: Resource | undefined) => {
        const before = items.get(key);
        if (object) items.set(key, object);
        else items.delete(key);
        if (look(before) !== look(object)) changed();
    };
    const list = async () => {
        const found = (await api.request("GET", path, undefined, signal)) as {
            items: Resource[];
            metadata: { resourceVersion: string };
        };
        const keys = new Set(found.items.map(cacheKey));
        for (const key of items.keys()) if (!keys.has(key)) store(key, undefined);
        for (const item of found.items) store(cacheKey(item), item);
        version = found.metadata.resourceVersion;
        wait = RETRY_MS.first;
        first();
    };
    const follow = (event: WatchEvent) => {
        if (event.type === "ERROR") throw new ApiError(event.object.code ?? 500, event.object.message ?? "watch error");
        version = event.object.metadata.resourceVersion;
        if (event.type === "BOOKMARK") return;
        store(cacheKey(event.object), event.type === "DELETED" ? undefined : event.object);
    };
    const run = async () => {
        while (!signal.aborted) {
            try {
                if (version === "") await list();
                const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${version}`;
                await api.watch(`${path}?${query}`, follow, signal);
            } catch (error) {
                if (signal.aborted) return;
                version = ""; // lists the objects again, because the watch may have missed events
                const gone = error instanceof ApiError && error.status === 410;
                if (gone) continue;
                if (wait === RETRY_MS.first)
                    log(`the watch of ${path} failed and is repeated: ${(error as Error).message}`);
                await pause(wait, signal);
                wait = Math.min(wait * 2, RETRY_MS.longest);
            }
        }
    };
    void run();
    return { items: () => [...items.values()], listed };
}

function cacheKey({ metadata }: Resource): string {
    return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/** The part of an object that triggers a reconciliation: everything except the status and the API server's metadata. */
function essence(object: Resource | undefined): string {
    if (!object) return "";
    const { status: _status, metadata, ...rest } = object;
    const { uid, generation, labels, annotations } = metadata;
    return JSON.stringify({ ...rest, uid, generation, labels, annotations });
}
