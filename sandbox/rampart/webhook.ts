/**
 * HTTPS server that the API server calls for RampartGraphs: /validate, /conversion, /healthz.
 * Emulated: petuum/rampart 47a837c, validator.py on aiohttp 3.7.4; a crash answers with aiohttp's own 500 page. Key and
 * certificate are created at each start and stay in memory.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { generate } from "selfsigned";
import { readWorld as readWorldFrom } from "./kubernetes/api.js";
import { type WebhookAddress, webhookConfiguration } from "./kubernetes/crds.js";
import { KubeApi } from "./kubernetes/kube-api.js";
import { Rest } from "./kubernetes/rest.js";
import { Crash } from "./errors.js";
import { GROUP, type GraphObject, type JsonObject, VERSION } from "./types.js";
import { toV1beta2, validateGraph, type World } from "./graph/validator.js";
import { listen } from "../processes/listen";

export interface Webhook extends WebhookAddress {
    close(): Promise<void>;
}

interface WebhookOptions {
    kubeConfig: KubeConfig;
    log?: (line: string) => void;
    /** @default 0: any free port */
    port?: number;
    /** Reads the objects of the cluster. By default, each call reads them from the API server. */
    readWorld?: () => Promise<World>;
}

interface AdmissionRequest {
    uid: string;
    name?: string;
    generateName?: string;
    namespace?: string;
    operation: string;
    object: GraphObject;
}

/**
 * Idle timeout of a connection, as in aiohttp. The default of Node.js is 5 s. The API server often waits about 5 s
 * between two calls, so it would often find the connection closed.
 */
const KEEP_ALIVE_MS = 75_000;
const CRASH_PAGE = "500 Internal Server Error\n\nServer got itself in trouble";

export async function startWebhook(options: WebhookOptions): Promise<Webhook> {
    const { log = () => {}, port = 0 } = options;
    const readWorld = options.readWorld ?? (() => readWorldFrom(new KubeApi(options.kubeConfig)));
    const pair = await generate([{ name: "commonName", value: "rampart-validator" }], {
        keyType: "ec",
        algorithm: "sha256",
        extensions: [
            { name: "basicConstraints", cA: true, critical: true },
            { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
            { name: "extKeyUsage", serverAuth: true },
            { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
        ],
    });
    const server = createServer({ key: pair.private, cert: pair.cert }, (request, response) => {
        answer(request, response, readWorld, log).catch((error: Error) => {
            log(`webhook: ${request.url} failed, ${error.message}`);
            response.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(CRASH_PAGE);
        });
    });
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    const listening = await listen(server, port);
    return {
        ...listening,
        caBundle: Buffer.from(pair.cert).toString("base64"),
    };
}

async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    readWorld: () => Promise<World>,
    log: (line: string) => void,
): Promise<void> {
    const { method = "" } = request;
    const path = request.url?.split("?")[0] ?? "";
    if (path === "/healthz" && ["GET", "HEAD"].includes(method)) {
        response.writeHead(200).end();
        return;
    }
    const handlers: Record<string, ((body: never) => Promise<object>) | undefined> = {
        "/validate": (body: { request: AdmissionRequest }) => review(body.request, readWorld, log),
        "/conversion": async (body: ConversionReview) => convert(body),
    };
    const handler = handlers[path];
    if (handler === undefined || method !== "POST") {
        const allow = path === "/healthz" ? "GET,HEAD" : handler && "POST";
        const head = { "content-type": "text/plain; charset=utf-8" };
        if (allow) response.writeHead(405, { ...head, allow }).end("405: Method Not Allowed");
        else response.writeHead(404, head).end("404: Not Found");
        return;
    }
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
    const result = await handler(JSON.parse(text) as never);
    response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(result));
}

async function review(
    request: AdmissionRequest,
    readWorld: () => Promise<World>,
    log: (line: string) => void,
): Promise<object> {
    const response = await decide(request, readWorld);
    // The real program reads the namespace for its log line, and crashes if the request has none.
    const named = request.name ?? request.generateName;
    if (named !== undefined && request.namespace === undefined) throw new Crash("KeyError: 'namespace'");
    log(
        `webhook: ${request.operation} ${request.namespace}/${request.name}: ${response.allowed ? "allowed" : "refused"}`,
    );
    return {
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: { ...response, uid: request.uid },
    };
}

async function decide(request: AdmissionRequest, readWorld: () => Promise<World>) {
    // The name in the request is used, because the API server has already replaced generateName in the object.
    const name = request.name ?? request.generateName;
    if (name === undefined) return denied("Invalid graph", "No name found");
    if (!["CREATE", "UPDATE"].includes(request.operation)) return { allowed: true };
    const metadata = { ...request.object.metadata, name };
    if (request.namespace !== undefined) metadata.namespace = request.namespace;
    const verdict = validateGraph({ ...request.object, metadata } as GraphObject, await readWorld());
    if ("crash" in verdict) throw new Crash(verdict.crash);
    if (verdict.allowed) return { allowed: true };
    return denied(`Invalid: ${verdict.message}`, verdict.message);
}

const denied = (reason: string, message: string) => ({ allowed: false, status: { code: 403, reason, message } });

interface ConversionReview {
    apiVersion: string;
    request: { uid: string; desiredAPIVersion: string; objects: GraphObject[] };
}

/**
 * Converts graphs between versions. v1beta1 has no `deploy`: the conversion to v1beta2 sets it to true, the conversion to
 * v1beta1 removes it.
 */
export function convert({ apiVersion, request }: ConversionReview): object {
    const wanted = request.desiredAPIVersion;
    const convertedObjects = request.objects.map((object) => {
        if (wanted.endsWith("/v1beta2")) return { ...toV1beta2(object), apiVersion: wanted };
        if (object.apiVersion !== `${GROUP}/${VERSION}`) return { ...object, apiVersion: wanted };
        if (object.spec === undefined) throw new Crash("KeyError: 'spec'");
        const spec = { ...(object.spec as JsonObject) };
        delete spec["deploy"];
        return { ...object, spec, apiVersion: wanted };
    });
    const response = { uid: request.uid, result: { status: "Success" }, convertedObjects };
    return { apiVersion, kind: "ConversionReview", response };
}

/** Registers the webhook with the API server. */
export async function registerWebhook(kubeConfig: KubeConfig, webhook: WebhookAddress): Promise<void> {
    const body = webhookConfiguration(webhook);
    const path = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${body.metadata.name}`;
    await new Rest(kubeConfig).apply(path, body);
}
