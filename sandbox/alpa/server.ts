// Emulator of Alpa's HTTP service on port 20001: alpa-projects/alpa @ b8078a9 (alpa/serve/controller.py and http_util.py,
// examples/llm_serving/launch_model_worker.py). The model always generates the same words (model.ts).
//
// Unsupported: TLS, the web site on port 8001, recaptcha, several replicas, a keys file with keys, CORS, malformed HTTP as
// uvicorn answers it.

import http from "node:http";

import { dumps, loads } from "./python-json";
import { PyError, str, type PyValue } from "./python-value";
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

export interface AlpaOptions {
    /** Port on 127.0.0.1; 0 takes a free one. */
    port: number;
    /**
     * - default: Alpa as shipped: it accepts every caller.
     * - no-model: the port is open but no model is registered yet, as in the first minutes after a start.
     * - keys-strict: with a keys file and --block-non-key-access.
     * @default "default"
     */
    mode?: "default" | "no-model" | "keys-strict";
    /** Time to generate one batch, in seconds. @default 0: an answer takes only as long as batchWindow */
    seconds?: number;
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

export async function startAlpa(options: AlpaOptions): Promise<Alpa> {
    const { mode = "default", seconds = 0, now = Date.now, log = () => {}, onRequest } = options;
    const worker = new Worker({
        ...{ onlyWithKey: mode === "keys-strict", seconds, now, log },
        batchWindow: options.batchWindow ?? (() => new Promise((resolve) => setTimeout(resolve, BATCH_TIMEOUT_MS))),
    });
    let isRegistered = mode !== "no-model";
    const server = http.createServer({ maxHeaderSize: MAX_HEAD_BYTES }, (request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("error", () => {}); // the caller has disconnected
        request.on("end", () => {
            const [body, path] = [Buffer.concat(chunks), request.url as string];
            onRequest?.({ method: request.method as string, path, headers: request.rawHeaders, body });
            const send = (status: number, result: object) => {
                response.writeHead(status, { server: "uvicorn", "content-type": "application/json" });
                response.end(dumps(result));
            };
            answer(isRegistered ? worker : undefined, path, body).then(
                (result) => send(200, result),
                (error: unknown) => send(400, errorBody(error)),
            );
        });
    });
    // Neither uvicorn nor Alpa limits the duration of a request.
    server.requestTimeout = 0;
    server.headersTimeout = 0;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    const { port, close } = await listen(server, options.port);
    return {
        port,
        died: () => worker.batches.died,
        connections: () =>
            new Promise((resolve, reject) =>
                server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
            ),
        register: () => void (isRegistered = true),
        close: () => {
            worker.batches.close();
            return close();
        },
    };
}

/** Emulates the controller: it parses the JSON, finds the model by its name, and calls the worker. */
async function answer(worker: Worker | undefined, target: string, body: Buffer): Promise<object> {
    const sent = loads(body);
    const name: PyValue | undefined = sent instanceof Map ? sent.get("model") : undefined;
    if (!(sent instanceof Map) || name === undefined) throw new PyError("Model name is not specified in the request.");
    if (!worker || name !== "default") throw new PyError(`Model '${str(name)}' is not registered.`);
    return worker.handle(requestPath(target), sent);
}

/** The path as the worker reads it: percent-decoded first, then cut at the first "?" or "#", even a decoded one. */
function requestPath(target: string): string {
    const raw = target.split("?")[0];
    const bytes = raw.replace(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    return Buffer.from(bytes, "latin1").toString("utf8").split(/[?#]/)[0];
}

function errorBody(error: unknown): object {
    if (!(error instanceof PyError)) throw error; // a bug of the emulator, not of Alpa
    const stacktrace = '  File "alpa/serve/controller.py", line 175, in handle_asgi\n';
    return { type: "error", message: error.message, stacktrace };
}
