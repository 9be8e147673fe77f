// Emulator of Alpa's HTTP service on port 20001: alpa-projects/alpa @ b8078a9 (alpa/serve/controller.py and http_util.py,
// examples/llm_serving/launch_model_worker.py) as it runs on uvicorn 0.20, starlette 0.22 and CPython 3.8. The model always
// generates the same words (model.ts).
//
// Unsupported: TLS (--ssl-keyfile), the web site on port 8001, recaptcha, several replicas.
// Known difference: a request with a method that Node's HTTP parser does not know is rejected as malformed; uvicorn
// accepts it.

import http from "node:http";
import type { Duplex } from "node:stream";

import type { Weights } from "./model";
import { dumps, loads } from "./python-json";
import { PyError, str, typeName, type PyValue } from "./python-value";
import { Worker } from "./worker";
import { listen } from "../processes/listen";

/** A request as it arrived. */
export interface Seen {
    method: string;
    /** Path and query, as sent. */
    path: string;
    /** Headers as sent, in a flat list (name, value, name, value, …): not merged, not in lower case, none omitted. */
    headers: string[];
    body: Buffer;
}

/**
 * Mode of the service.
 * - default: Alpa as shipped: without keys and recaptcha, it accepts every caller. A second model, `noreplica`, never finishes
 * loading.
 * - no-model: the port is open but no model is registered yet, as in the first minutes after a start.
 * - keys: USE_API_KEYS is on, `apiKeys` are in the keys file, and access without a key is allowed.
 * - keys-strict: as keys, but with --block-non-key-access.
 */
type AlpaMode = "default" | "no-model" | "keys" | "keys-strict";

export interface AlpaOptions {
    /** Port on 127.0.0.1; 0 takes a free one. */
    port: number;
    /** @default "default" */
    mode?: AlpaMode;
    /** `allowed_api_keys` of the keys file, for the modes with keys. @default key-a and key-b */
    apiKeys?: string[];
    /** Time to generate one batch, in seconds. @default 0: an answer takes only as long as batchWindow */
    seconds?: number;
    /** Weights of the model, see {@link Weights}. @default "usual" */
    weights?: Weights;
    /**
     * Waits for more requests after the first request of a batch.
     * @default 1.0 s, the worker's batch_timeout; tests replace it
     */
    batchWindow?: () => Promise<unknown>;
    /** The current time in milliseconds. It determines the age of cache entries. @default Date.now */
    now?: () => number;
    log?: (line: string) => void;
    /** Called with every request, before it is answered. */
    onRequest?: (seen: Seen) => void;
}

export interface Alpa {
    port: number;
    /**
     * The exception that has ended the batch loop; undefined while the loop runs. After it, no valid request is answered until
     * a restart.
     */
    died(): Error | undefined;
    /** Number of open connections, including idle ones. */
    connections(): Promise<number>;
    /** Registers the model in mode "no-model". The real service does so at the end of its start. */
    register(): void;
    close(): Promise<void>;
}

const BATCH_TIMEOUT_MS = 1000;

// Longest request head in bytes: h11 rejects longer ones.
const MAX_HEAD_BYTES = 16 * 1024;

// Idle timeout of a connection: uvicorn's timeout_keep_alive.
const KEEP_ALIVE_MS = 5000;

const CORS_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

export async function startAlpa(options: AlpaOptions): Promise<Alpa> {
    const mode = options.mode ?? "default";
    const log = options.log ?? (() => {});
    const withKeys = mode === "keys" || mode === "keys-strict";
    const worker = new Worker({
        apiKeys: withKeys ? (options.apiKeys ?? ["key-a", "key-b"]) : [],
        allowWithoutKey: mode !== "keys-strict",
        seconds: options.seconds ?? 0,
        weights: options.weights,
        now: options.now ?? Date.now,
        batchWindow: options.batchWindow ?? (() => new Promise((resolve) => setTimeout(resolve, BATCH_TIMEOUT_MS))),
        log,
    });
    const models = new Map<string, Worker | "loading">();
    if (mode !== "no-model") models.set("default", worker);
    if (mode === "default") models.set("noreplica", "loading");

    const listener = (request: http.IncomingMessage, response: http.ServerResponse) => {
        if (!isWhole(request)) return refuseAsInvalid(request.socket);
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("error", () => {}); // the caller has disconnected
        request.on("end", () => {
            const body = Buffer.concat(chunks);
            const method = request.method as string;
            options.onRequest?.({ method, path: request.url as string, headers: request.rawHeaders, body });
            if (isPreflight(request)) return sendPreflight(request, response);
            void answer(models, request, body)
                .then((result) => ({ status: 200, result }))
                .catch((error: unknown) => ({ status: 400, result: errorBody(error) }))
                .then(({ status, result }) => sendJson(request, response, status, result));
        });
    };
    const server = http.createServer({ maxHeaderSize: MAX_HEAD_BYTES, requireHostHeader: false }, listener);
    // uvicorn supports only `Expect: 100-continue`, and ignores all other values of the header.
    server.on("checkExpectation", listener);
    // Neither uvicorn nor Alpa limits the duration of a request.
    server.requestTimeout = 0;
    server.headersTimeout = 0;
    server.timeout = 0;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.on("clientError", (_error, socket) => refuseAsInvalid(socket));
    const { port, close } = await listen(server, options.port);
    return {
        port,
        died: () => worker.batches.died,
        connections: () =>
            new Promise((resolve, reject) =>
                server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
            ),
        register: () => void models.set("default", worker),
        close: () => {
            worker.batches.close();
            return close();
        },
    };
}

/** Whether h11 accepts the number of Host headers: exactly one in HTTP/1.1, at most one in HTTP/1.0. */
function isWhole({ httpVersion, rawHeaders }: http.IncomingMessage): boolean {
    const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host").length;
    return hosts === 1 || (hosts === 0 && httpVersion === "1.0");
}

/**
 * Answers a malformed request as h11 does. The HTTP version of the request is unknown, so the answer has no Content-Length.
 * Its body ends when the connection closes.
 */
function refuseAsInvalid(socket: Duplex): void {
    if (!socket.writable) return;
    const head = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\n";
    socket.end(`${head}Invalid HTTP request received.`);
}

/** Emulates the controller: it parses the JSON, finds the model by its name, and calls the worker. */
async function answer(models: Map<string, Worker | "loading">, request: http.IncomingMessage, body: Buffer) {
    const sent = loads(body);
    const name = modelName(sent);
    if (Array.isArray(name) || name instanceof Map) {
        throw new PyError("TypeError", `unhashable type: '${Array.isArray(name) ? "list" : "dict"}'`);
    }
    const worker = typeof name === "string" ? models.get(name) : undefined;
    if (!worker) throw new PyError("AssertionError", `Model '${str(name)}' is not registered.`);
    if (worker === "loading") throw new PyError("AssertionError", `No replica of model '${str(name)}' is created.`);
    return worker.handle(requestPath(request.url as string), sent as Map<string, PyValue>, clientAddress(request));
}

/** Emulates Python's `"model" in sent` and then `sent["model"]`, for a JSON value of any type. */
function modelName(sent: PyValue): PyValue {
    const missing = new PyError("AssertionError", "Model name is not specified in the request.");
    if (sent instanceof Map) {
        if (!sent.has("model")) throw missing;
        return sent.get("model") as PyValue;
    }
    if (Array.isArray(sent)) {
        if (!sent.includes("model")) throw missing;
        throw new PyError("TypeError", "list indices must be integers or slices, not str");
    }
    if (typeof sent === "string") {
        if (!sent.includes("model")) throw missing;
        throw new PyError("TypeError", "string indices must be integers");
    }
    throw new PyError("TypeError", `argument of type '${typeName(sent)}' is not iterable`);
}

/** The path as the worker reads it: percent-decoded first, then cut at the first "?" or "#", even a decoded one. */
function requestPath(target: string): string {
    const raw = target.split("?")[0];
    const bytes = Buffer.from(
        raw.replace(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))),
        "latin1",
    );
    return bytes
        .toString("utf8")
        .replace(/[\t\r\n]/g, "")
        .split(/[?#]/)[0];
}

/**
 * The caller's address, for the log only: the first entry of X-Forwarded-For, cut at the first colon (wrong for IPv6, as in the
 * original).
 */
function clientAddress(request: http.IncomingMessage): string {
    const at = request.rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === "x-forwarded-for");
    if (at < 0) return request.socket.remoteAddress ?? "";
    return request.rawHeaders[at + 1].split(",")[0].split(":")[0];
}

function errorBody(error: unknown): object {
    if (!(error instanceof PyError)) throw error; // a bug of the emulator, not of Alpa
    const stacktrace =
        '  File "alpa/serve/controller.py", line 175, in handle_asgi\n' +
        '  File "launch_model_worker.py", line 227, in handle_request\n';
    return { type: "error", message: error.message, stacktrace };
}

function isPreflight(request: http.IncomingMessage): boolean {
    const { origin, "access-control-request-method": method } = request.headers;
    return request.method === "OPTIONS" && origin !== undefined && method !== undefined;
}

/** Answers a preflight like starlette's CORSMiddleware that allows all origins, methods and headers. */
function sendPreflight(request: http.IncomingMessage, response: http.ServerResponse): void {
    const asked = request.headers["access-control-request-headers"];
    const allowed = CORS_METHODS.includes(request.headers["access-control-request-method"] as string);
    const body = allowed ? "OK" : "Disallowed CORS method";
    sendHead(request, response, allowed ? 200 : 400, [
        ["access-control-allow-origin", "*"],
        ["access-control-allow-methods", CORS_METHODS.join(", ")],
        ["access-control-max-age", "600"],
        ...(asked === undefined ? [] : [["access-control-allow-headers", asked] as [string, string]]),
        ["content-length", String(body.length)],
        ["content-type", "text/plain; charset=utf-8"],
    ]);
    response.end(body);
}

function sendJson(request: http.IncomingMessage, response: http.ServerResponse, status: number, result: object): void {
    const headers: [string, string][] = [["content-type", "application/json"]];
    const origin = request.headers.origin;
    if (origin !== undefined) {
        // As in starlette, the answer to a request with a cookie allows that request's origin, but lacks the header
        // Access-Control-Allow-Credentials, so browsers reject it.
        const withCookie = request.headers.cookie !== undefined;
        headers.push(["access-control-allow-origin", withCookie ? origin : "*"]);
        if (withCookie) headers.push(["vary", "Origin"]);
    }
    if (request.httpVersion === "1.1") headers.push(["transfer-encoding", "chunked"]);
    sendHead(request, response, status, headers);
    response.end(request.method === "HEAD" ? undefined : dumps(result));
}

function sendHead(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    status: number,
    headers: [string, string][],
) {
    response.sendDate = false;
    // h11 closes the connection after each answer to an HTTP/1.0 request, so that closing marks the end of the body.
    if (request.httpVersion !== "1.1") response.shouldKeepAlive = response.useChunkedEncodingByDefault = false;
    // uvicorn sends the header Connection only if it closes the connection after the answer.
    if (request.httpVersion === "1.1" && response.shouldKeepAlive) response.removeHeader("connection");
    const own: [string, string][] = [
        ["date", new Date().toUTCString()],
        ["server", "uvicorn"],
    ];
    response.writeHead(status, [...own, ...headers].flat());
}
