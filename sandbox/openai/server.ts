/**
 * Emulator of vLLM's OpenAI-compatible server: vllm-project/vllm, main of 2026-11 (vllm/entrypoints/openai: api_server.py,
 * server_utils.py, models/serving.py @ 00153c8b, chat_completion/serving.py @ 006c49d4, completion/serving.py @ 030ea52e) on
 * uvicorn. The model always generates the same words (answers.ts).
 *
 * As in vLLM, `--api-key` protects only paths that begin with /v1: /health, /ping, /version, /metrics, /tokenize and
 * /invocations are open. A caller that disconnects ends the generation.
 *
 * Unsupported (501): the other paths of vLLM (UNSUPPORTED_PATHS), CORS preflights, TLS. Ignored: tools, logprobs, echo,
 * stop, structured outputs, sampling parameters, beam search.
 * Known difference: messages of rejected fields are shorter.
 */
import http from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { loads } from "../alpa/python-json";
import { PyError, type PyValue } from "../alpa/python-value";
import { listen } from "../processes/listen";
import { Answer, embeddings, modelList, steps } from "./answers";
import { ApiError, generationOf, MAX_MODEL_LEN, modelOf, promptsOf, type Fields, type Generation } from "./request";

/** A request as it arrived, and what the server did for it. */
export interface Served {
    method: string;
    /** Path and query, as sent. */
    path: string;
    /** Headers as sent, in a flat list (name, value, name, value, …). */
    headers: string[];
    body: Buffer;
    /** Number of tokens that were generated so far. */
    generated: number;
    /** Resolves at the end of the request: `left` if the caller disconnected before the end of the answer. */
    over: Promise<"answered" | "left">;
}

export interface OpenAiServerOptions {
    /** Port on 127.0.0.1; 0 takes a free one. */
    port: number;
    /** Names of the served models (`--served-model-name`). The first one also answers requests without a model. */
    models: readonly string[];
    /** `--api-key`. @default none: every caller is accepted */
    apiKey?: string;
    /** `--enable-force-include-usage`: each chunk of each stream has `usage`. @default false */
    forceIncludeUsage?: boolean;
    /** Awaited before each token, for example for the time that the model needs. @default not awaited */
    beforeToken?: (served: Served) => Promise<unknown>;
    /** Called with every request, before it is answered. */
    onRequest?: (served: Served) => void;
}

export interface OpenAiServer {
    port: number;
    close(): Promise<void>;
}

export async function startOpenAiServer(options: OpenAiServerOptions): Promise<OpenAiServer> {
    const server = http.createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("error", () => {}); // the caller has disconnected
        request.on("end", () => {
            const served: Served = {
                ...{ method: request.method!, path: request.url!, headers: request.rawHeaders },
                ...{ body: Buffer.concat(chunks), generated: 0 },
                over: new Promise((resolve) =>
                    response.once("close", () => resolve(response.writableFinished ? "answered" : "left")),
                ),
            };
            options.onRequest?.(served);
            answer(options, request, served, response).catch((error: unknown) => {
                if (response.destroyed) return;
                if (!(error instanceof ApiError)) throw error;
                send(response, error.status, error.body);
            });
        });
    });
    // Neither uvicorn nor vLLM limits the duration of a request.
    server.requestTimeout = server.headersTimeout = server.timeout = 0;
    server.keepAliveTimeout = 5000;
    return listen(server, options.port);
}

/** Paths of vLLM that this emulator does not answer. */
const UNSUPPORTED_PATHS =
    /^\/(v1\/(responses|messages|audio|realtime|files|batches|score|rerank|chat\/completions\/(batch|render)|completions\/render|load_lora_adapter|unload_lora_adapter)|v2\/|detokenize|pooling|classify|score|rerank|inference|scale_elastic_ep|is_scaling_elastic_ep|load|tokenizer_info|server_info|docs|redoc|openapi\.json)/;

type Handler = (call: Call) => Promise<void> | void;

interface Call {
    options: OpenAiServerOptions;
    request: http.IncomingMessage;
    served: Served;
    response: http.ServerResponse;
}

const HANDLERS: Record<string, Handler> = {
    "GET /health": ({ response }) => void uvicorn(response, 200, "text/plain").end(),
    "GET /ping": ({ response }) => void uvicorn(response, 200, "text/plain").end(),
    "GET /version": ({ response }) => send(response, 200, { version: "006c49d4" }),
    "GET /metrics": ({ response }) =>
        void uvicorn(response, 200, "text/plain; version=0.0.4").end("vllm:num_requests_running 0\n"),
    "POST /tokenize": (call) => {
        const { prompt, messages } = fieldsOf(call);
        const count = messages === undefined ? promptsOf(prompt)[0] : generation(call, true).prompts[0];
        send(call.response, 200, { count, max_model_len: MAX_MODEL_LEN, tokens: [...Array(count).keys()] });
    },
    "GET /v1/models": ({ options, response }) => send(response, 200, modelList(options.models, MAX_MODEL_LEN)),
    "POST /v1/chat/completions": (call) => generate(call, generation(call, true)),
    "POST /v1/completions": (call) => generate(call, generation(call, false)),
    "POST /invocations": (call) => generate(call, generation(call, "messages" in fieldsOf(call))),
    "POST /v1/embeddings": (call) => {
        const fields = fieldsOf(call);
        send(call.response, 200, embeddings(modelOf(fields, call.options.models), fields));
    },
};

async function answer(
    options: OpenAiServerOptions,
    request: http.IncomingMessage,
    served: Served,
    response: http.ServerResponse,
): Promise<void> {
    const path = pathOf(served.path);
    if (options.apiKey !== undefined && path.startsWith("/v1") && !isAuthorized(request, options.apiKey))
        return send(response, 401, { error: "Unauthorized" });
    const handler = HANDLERS[`${served.method} ${path}`];
    if (handler) return handler({ options, request, served, response });
    if (UNSUPPORTED_PATHS.test(path) || served.method === "OPTIONS")
        throw new ApiError(501, "Not Implemented", `unsupported by the sandbox: ${served.method} ${path} of vLLM`);
    const known = Object.keys(HANDLERS).some((one) => one.endsWith(` ${path}`));
    const [status, phrase] = known ? ([405, "Method Not Allowed"] as const) : ([404, "Not Found"] as const);
    throw new ApiError(status, phrase, phrase);
}

/** The path as starlette routes it: percent-decoded, without the query. */
function pathOf(target: string): string {
    const [path] = target.split("?");
    return path.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function isAuthorized({ headers }: http.IncomingMessage, key: string): boolean {
    const [scheme, ...token] = (headers.authorization ?? "").split(" ");
    return scheme.toLowerCase() === "bearer" && token.join(" ") === key;
}

/** The request's JSON object. @throws ApiError */
function fieldsOf({ request, served }: Call): Fields {
    const [type] = (request.headers["content-type"] ?? "").toLowerCase().split(";");
    const invalid = (message: string) => new ApiError(400, "Bad Request", message);
    if (type !== "application/json") throw invalid("Unsupported Media Type: Only 'application/json' is allowed");
    try {
        const value = loads(served.body);
        if (value instanceof Map) return plain(value) as Fields;
    } catch (error) {
        if (!(error instanceof PyError)) throw error;
        throw invalid(`JSON decode error: ${error.message}`);
    }
    throw invalid("Input should be a valid dictionary");
}

/** A value of Python's JSON as an ordinary one: an int becomes a number. */
function plain(value: PyValue): unknown {
    if (typeof value === "bigint") return Number(value);
    if (Array.isArray(value)) return value.map(plain);
    return value instanceof Map ? Object.fromEntries([...value].map(([name, one]) => [name, plain(one)])) : value;
}

function generation(call: Call, chat: boolean): Generation {
    const { models, forceIncludeUsage = false } = call.options;
    return generationOf(chat, fieldsOf(call), { models, forceIncludeUsage });
}

/** Generates token by token until the end of the answer, or until the caller disconnects. */
async function generate({ options, served, response }: Call, asked: Generation): Promise<void> {
    const answer = new Answer(asked);
    const event = (chunk: object | string) =>
        response.write(`data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`);
    if (asked.stream) uvicorn(response, 200, "text/event-stream; charset=utf-8").flushHeaders();
    let begun = false;
    for (const step of steps(asked)) {
        // The wait also ends when the caller disconnects.
        await Promise.race([options.beforeToken?.(served) ?? turn(), served.over]);
        if (response.destroyed) return;
        const chunks = [...(begun ? [] : answer.first()), ...step.map((token) => answer.add(token))];
        begun = true;
        served.generated = answer.generated;
        if (asked.stream) chunks.forEach(event);
    }
    if (!asked.stream) return send(response, 200, answer.whole());
    [...answer.end(), "[DONE]"].forEach(event);
    response.end();
}

function uvicorn(response: http.ServerResponse, status: number, type: string): http.ServerResponse {
    return response.writeHead(status, { server: "uvicorn", "content-type": type });
}

function send(response: http.ServerResponse, status: number, body: object): void {
    const text = JSON.stringify(body);
    response.setHeader("content-length", Buffer.byteLength(text));
    uvicorn(response, status, "application/json").end(text);
}
