import type * as client from "@kubernetes/client-node" with { "resolution-mode": "import" };
import type * as http from "node:http";
import type * as stream from "node:stream";
import { kubeConfigOf, type PlainAccess } from "./cluster-reader";

// Requests to one pod through the API server's port-forwarding (`kubectl port-forward`). Unlike the pod proxy it passes the
// Authorization header on, and unlike a pod's own address it works from outside the cluster and through NetworkPolicies.
//
// These functions are part of what the state keeps as text for dynamic resources: they may use only their arguments,
// each other, and `require`.

/** A port of one pod. */
export interface PodPort {
    namespace: string;
    pod: string;
    port: number;
}

export interface PodRequest {
    method: string;
    path: string;
    headers?: Record<string, string>;
    body?: string;
}

export interface PodAnswer {
    status: number;
    headers: http.IncomingHttpHeaders;
    body: string;
}

/** An HTTP connection to one pod. It is opened by the first request and again after it has ended. */
export interface PodConnection {
    /** @throws Error when the API server or the pod cannot be asked, or no answer comes in time */
    request(request: PodRequest): Promise<PodAnswer>;
    close(): void;
}

/** An error of the API server's: 403 when the user may not create `pods/portforward`, 404 when the pod is gone. */
export type PodConnectionError = Error & { status?: number };

/** Longest time for one answer, in seconds. None of these requests reaches Alpa. */
const ANSWER_SECONDS = 10;

/** Opens the byte stream to a port of a pod. */
export async function openPodStream(access: PlainAccess, { namespace, pod, port }: PodPort): Promise<stream.Duplex> {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import at the top would be stored by value
    const k8s = require("@kubernetes/client-node") as typeof client;
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- as above
    const { Duplex, PassThrough } = require("node:stream") as typeof stream;
    const [output, errors, input] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const forward = new k8s.PortForward(kubeConfigOf(access));
    const socket = await forward.portForward(namespace, pod, [port], output, errors, input).catch((error: Error) => {
        const status = /Unexpected server response: (\d+)/.exec(String(error.message))?.[1];
        const why = status === undefined ? error.message : `the API server answered ${status}`;
        throw Object.assign(new Error(`pod ${namespace}/${pod}: port-forwarding failed: ${why}`), {
            status: status === undefined ? undefined : Number(status),
        });
    });
    const duplex = Duplex.from({ readable: output, writable: input });
    errors.on("data", (text: Buffer) => {
        if (text.length > 0) duplex.destroy(new Error(`pod ${namespace}/${pod}: ${text.toString().trim()}`));
    });
    const webSocket = socket as { onclose: unknown; close(): void };
    webSocket.onclose = () => output.end();
    duplex.on("close", () => webSocket.close());
    return duplex;
}

/** Requests to one port of a pod, over one connection that is kept. */
export function connectToPod(access: PlainAccess, target: PodPort): PodConnection {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- as above
    const { Agent, request } = require("node:http") as typeof http;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    // What Node's agent calls on a TCP socket has no meaning for a stream inside a WebSocket.
    const noop = () => undefined;
    agent.createConnection = (_options, done) => {
        openPodStream(access, target).then(
            (duplex) =>
                done?.(
                    null,
                    Object.assign(duplex, {
                        setKeepAlive: noop,
                        setNoDelay: noop,
                        setTimeout: noop,
                        ref: noop,
                        unref: noop,
                    }),
                ),
            (error: Error) => done?.(error, undefined as never),
        );
        return undefined;
    };
    const title = `pod ${target.namespace}/${target.pod}`;
    return {
        request: ({ method, path, headers = {}, body }) =>
            new Promise<PodAnswer>((resolve, reject) => {
                const sent = request({ agent, method, path, headers: { Host: "localhost", ...headers } });
                const late = new Error(`${title}: no answer on port ${target.port} within ${ANSWER_SECONDS} s`);
                const limit = setTimeout(() => sent.destroy(late), ANSWER_SECONDS * 1000);
                const failed = (error: Error) => {
                    clearTimeout(limit);
                    reject(error.message.startsWith("pod ") ? error : new Error(`${title}: ${error.message}`));
                };
                sent.on("response", (answer) => {
                    const chunks: Buffer[] = [];
                    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
                    answer.on("error", failed);
                    answer.on("end", () => {
                        clearTimeout(limit);
                        const body = Buffer.concat(chunks).toString();
                        resolve({ status: answer.statusCode!, headers: answer.headers, body });
                    });
                });
                sent.on("error", failed);
                sent.end(body);
            }),
        close: () => agent.destroy(),
    };
}
