import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Duplex } from "node:stream";
import type * as webSockets from "ws";
import { openApiServer, type PlainAccess } from "./api-server";

// Requests to one pod through the API server's port-forwarding (`kubectl port-forward`). Unlike the pod proxy, it passes
// the Authorization header on. Unlike the pod's address, it works outside of the cluster and with network policies.
//
// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** A port of one pod. */
interface PodPort {
    namespace: string;
    pod: string;
    port: number;
}

interface PodRequest {
    method: string;
    path: string;
    headers?: Record<string, string>;
    body?: string;
}

export interface PodAnswer {
    status: number;
    headers: IncomingHttpHeaders;
    body: string;
}

/** An HTTP connection to one pod. The first request opens it, and later requests open it again after it has ended. */
export interface PodConnection {
    /** @throws Error if the API server or the pod does not answer in time */
    request(request: PodRequest): Promise<PodAnswer>;
    close(): void;
}

/** Error of the API server: 403 if the user may not create `pods/portforward`, 404 if the pod does not exist. */
export type PodConnectionError = Error & { status?: number };

/** Longest wait for one answer, in seconds. It is short, because none of the requests over this connection reaches Alpa. */
const ANSWER_SECONDS = 10;

/** Opens the byte stream to a port of a pod. */
async function openPodStream(access: PlainAccess, { namespace, pod, port }: PodPort): Promise<Duplex> {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import at the top would always load it
    const { WebSocket } = require("ws") as typeof webSockets;
    const { server, options } = openApiServer(access);
    const url = `${server.replace(/^http/, "ws")}/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`;
    const socket = new WebSocket(url, "v4.channel.k8s.io", await options());
    // The first byte of each message is the channel: 0 for data, 1 for errors. The first message of each channel
    // contains the port.
    const duplex = new Duplex({
        read: () => undefined,
        write: (chunk: Buffer, _encoding, done) => socket.send(Buffer.concat([Buffer.from([0]), chunk]), done),
        final: (done) => done(void socket.close()),
        destroy: (error, done) => done((socket.close(), error)),
    });
    // The request that uses the stream, or the code below, reports the error. This listener is needed because an error
    // without a listener ends the process.
    duplex.on("error", () => undefined);
    const begun = [false, false];
    // Registered before the connection opens, since the first messages may arrive together with its opening.
    socket.on("message", (message: Buffer) => {
        const [channel, data] = [message[0], message.subarray(begun[message[0]] ? 1 : 3)];
        begun[channel] = true;
        if (data.length === 0) return;
        if (channel === 0) duplex.push(data);
        else duplex.destroy(new Error(`pod ${namespace}/${pod}: ${data.toString().trim()}`));
    });
    socket.on("error", (error) => duplex.destroy(error)).on("close", () => duplex.push(null));
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject)).catch((error: Error) => {
        const status = /Unexpected server response: (\d+)/.exec(String(error.message))?.[1];
        const why = status === undefined ? error.message : `the API server answered ${status}`;
        throw Object.assign(new Error(`pod ${namespace}/${pod}: port-forwarding failed: ${why}`), {
            status: status === undefined ? undefined : Number(status),
        });
    });
    if (duplex.errored) throw duplex.errored;
    return duplex;
}

/** Requests to one port of a pod over one persistent connection. */
export function connectToPod(access: PlainAccess, target: PodPort): PodConnection {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    // Node's agent calls these methods of a TCP socket, which a stream inside a WebSocket does not have. They do
    // nothing here.
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
                const sent = httpRequest({ agent, method, path, headers: { Host: "localhost", ...headers } });
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
