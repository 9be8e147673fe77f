/**
 * Emulates the part of a kubelet (1.34) that port-forwarding needs: kube-apiserver passes
 * `GET /api/v1/namespaces/N/pods/P/portforward` on to `/portForward/N/P` of the pod's node, as a WebSocket with the
 * subprotocol v4.channel.k8s.io. Each forwarded port has two channels, data and error; the first message of each is the
 * port as a 16-bit little-endian number (k8s.io/kubelet, pkg/cri/streaming/portforward/websocket.go).
 *
 * kwok simulates the nodes but has no containers to connect to, so every node names this server as its kubelet. Logs,
 * exec, attach and SPDY connections are not implemented (501).
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { connect } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { Pki } from "./pki";
import { listen } from "../processes/listen";

/** Returns the local port that serves a port of a container; undefined if no process of the sandbox serves it. */
export type PodPort = (namespace: string, pod: string, port: number) => number | undefined;

interface Kubelet {
    close(): Promise<void>;
}

const SUBPROTOCOL = "v4.channel.k8s.io";
const PATH = /^\/portForward\/([^/]+)\/([^/]+)$/;

/** Starts the kubelet. It accepts only connections with the client certificate of kube-apiserver. */
export async function startKubelet(options: { port: number; pki: Pki; podPort: PodPort }): Promise<Kubelet> {
    const { serving, etcdCa } = options.pki.files;
    const server = createServer(
        {
            cert: readFileSync(serving.cert),
            key: readFileSync(serving.key),
            ca: readFileSync(etcdCa),
            requestCert: true,
            rejectUnauthorized: true,
        },
        (_request, response) => void response.writeHead(501).end("Only port-forwarding is implemented.\n"),
    );
    const sockets = new WebSocketServer({
        noServer: true,
        handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    server.on("upgrade", (request, socket, head) => {
        const { pathname, searchParams } = new URL(request.url ?? "", "https://kubelet");
        const [, namespace, pod] = PATH.exec(pathname) ?? [];
        const ports = searchParams.getAll("port").map(Number);
        const offered = (request.headers["sec-websocket-protocol"] ?? "").split(/\s*,\s*/);
        if (namespace === undefined || ports.length === 0 || !offered.includes(SUBPROTOCOL)) {
            socket.end("HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return;
        }
        sockets.handleUpgrade(request, socket, head, (client) => {
            forward(client, ports, (port) => options.podPort(namespace, pod, port));
        });
    });
    const { close } = await listen(server, options.port);
    return { close };
}

/** Connects the channels of an accepted WebSocket to local ports. */
export function forward(client: WebSocket, ports: number[], localPort: (port: number) => number | undefined): void {
    const upstreams = ports.map((port, index) => {
        const send = (channel: number, data: Buffer) => {
            if (client.readyState === client.OPEN) client.send(Buffer.concat([Buffer.from([channel]), data]));
        };
        const number = Buffer.alloc(2);
        number.writeUInt16LE(port);
        for (const channel of [2 * index, 2 * index + 1]) send(channel, number);
        const refused = () =>
            send(
                2 * index + 1,
                Buffer.from(`failed to connect to localhost:${port} inside namespace: connect: connection refused`),
            );
        const local = localPort(port);
        if (local === undefined) {
            refused();
            client.close();
            return undefined;
        }
        const upstream = connect(local, "127.0.0.1");
        upstream.on("data", (data: Buffer) => send(2 * index, data));
        upstream.on("error", refused);
        upstream.on("close", () => client.close());
        return upstream;
    });
    client.on("message", (message) => {
        const data = message as Buffer;
        if (data[0] % 2 === 0) upstreams[data[0] / 2]?.write(data.subarray(1));
    });
    client.on("close", () => upstreams.forEach((upstream) => upstream?.destroy()));
    client.on("error", () => client.terminate());
}
