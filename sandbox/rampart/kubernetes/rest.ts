/**
 * Plain requests to an API server with the credentials of a kubeconfig. The generated client is not used, because the emulator
 * needs unchanged answers, which Rampart quotes, and watches of an exact duration.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import { request, type RequestOptions } from "node:https";
import { request as plainRequest, STATUS_CODES } from "node:http";
import { text } from "node:stream/consumers";
import { ApiError } from "./api.js";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

interface WatchEvent<T> {
    type: "ADDED" | "MODIFIED" | "DELETED";
    object: T;
}

/** Longest wait for an answer other than a watch, in seconds. */
const ANSWER_SECONDS = 30;

export class Rest {
    constructor(private readonly kubeConfig: KubeConfig) {}

    /** Sends a request, and returns the object in the response. Throws ApiError for an error status. */
    async call<T>(method: Method, path: string, body?: unknown): Promise<T> {
        const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
        return JSON.parse(await this.text(method, path, body, type)) as T;
    }

    /** Creates or updates an object by server-side apply. All objects of the sandbox have the same field manager. */
    async apply(path: string, body: unknown): Promise<void> {
        const query = "?fieldManager=alpa-auth-sandbox&force=true";
        await this.text("PATCH", path + query, body, "application/apply-patch+yaml");
    }

    private async text(method: Method, path: string, body: unknown, type: string): Promise<string> {
        const signal = AbortSignal.timeout(ANSWER_SECONDS * 1000);
        try {
            return await text(await this.open(method, path, body, type, signal));
        } catch (error) {
            if (!signal.aborted) throw error;
            throw new Error(`${method} ${path}: no answer within ${ANSWER_SECONDS} s. Check that the API server runs.`);
        }
    }

    /** Returns undefined for 404. */
    async find<T>(path: string): Promise<T | undefined> {
        try {
            return await this.call<T>("GET", path);
        } catch (error) {
            if (error instanceof ApiError && error.status === 404) return undefined;
            throw error;
        }
    }

    /**
     * Calls `seen` for existing objects, then for changes. Resolves when `seen` returns true, when the signal is
     * aborted, or when the server closes the watch after `seconds`.
     */
    async watch<T>(
        path: string,
        seconds: number,
        seen: (event: WatchEvent<T>) => boolean | void,
        signal: AbortSignal,
    ): Promise<void> {
        const inner = new AbortController();
        const either = AbortSignal.any([signal, inner.signal]);
        const query = `${path.includes("?") ? "&" : "?"}watch=true&timeoutSeconds=${Math.max(1, Math.round(seconds))}`;
        try {
            const stream = await this.open("GET", path + query, undefined, "application/json", either);
            let rest = "";
            for await (const chunk of stream.setEncoding("utf8")) {
                const lines = (rest + String(chunk)).split("\n");
                rest = lines.pop() ?? "";
                const isSeen = (line: string) => line !== "" && seen(JSON.parse(line) as WatchEvent<T>) === true;
                if (lines.some(isSeen)) return;
            }
        } catch (error) {
            if (!either.aborted) throw error;
        } finally {
            inner.abort();
        }
    }

    private async open(method: Method, path: string, body: unknown, type: string, signal: AbortSignal) {
        const server = this.kubeConfig.getCurrentCluster()?.server;
        if (!server)
            throw new Error("kubeconfig: must have a current cluster. Use a kubeconfig with a current context.");
        const url = new URL(server.replace(/\/$/, "") + path);
        const sent = body === undefined ? undefined : JSON.stringify(body);
        const options: RequestOptions = { method, signal, headers: { accept: "application/json" } };
        if (sent !== undefined) {
            options.headers = { ...options.headers, "content-type": type, "content-length": Buffer.byteLength(sent) };
        }
        await this.kubeConfig.applyToHTTPSOptions(options);
        const answer = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
            const asked = (url.protocol === "http:" ? plainRequest : request)(url, options, resolve);
            asked.on("error", reject);
            asked.end(sent);
        });
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) return answer;
        throw new ApiError(status, STATUS_CODES[status] ?? "", await text(answer));
    }
}
