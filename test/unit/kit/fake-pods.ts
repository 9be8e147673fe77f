import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { forward } from "../../../sandbox/control-plane/kubelet";

/** One request to a pod. */
export interface PodAsked {
    pod: string;
    port: number;
    method: string;
    path: string;
    headers: http.IncomingHttpHeaders;
}

export type PodAnswers = (asked: PodAsked) => { status: number; headers?: Record<string, string>; body?: string };

/** HTTP servers of pods, reached through the port-forwarding of a fake API server. */
export interface FakePods {
    /** Handles the upgrade of `GET …/pods/P/portforward`; an unknown pod is answered with 404. */
    upgrade(request: http.IncomingMessage, socket: import("node:stream").Duplex, head: Buffer): void;
    asked: PodAsked[];
    close(): Promise<void>;
}

/** @param forbidden whether the user may not forward ports @param closed pods without a listener */
export async function fakePods(
    pods: string[],
    answers: PodAnswers,
    forbidden = false,
    closed: string[] = [],
): Promise<FakePods> {
    const asked: PodAsked[] = [];
    // One server for all: the path of a connection names its pod and port.
    const servers = new Map<string, http.Server>();
    for (const pod of pods.filter((name) => !closed.includes(name)))
        for (const port of [9080, 9180]) {
            const server = http.createServer(({ method, url, headers }, response) => {
                const one = { pod, port, method: method!, path: url!, headers };
                asked.push(one);
                const { status, headers: more, body = "{}" } = answers(one);
                response.writeHead(status, more).end(body);
            });
            await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
            servers.set(`${pod}:${port}`, server);
        }
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "v4.channel.k8s.io" });
    return {
        asked,
        upgrade: (request, socket, head) => {
            const { pathname, searchParams } = new URL(request.url!, "http://fake");
            const pod = pathname.split("/").at(-2)!;
            if (forbidden || !pods.includes(pod))
                return void socket.end(`HTTP/1.1 ${forbidden ? 403 : 404} No\r\nContent-Length: 0\r\n\r\n`);
            const local = (port: number) => (servers.get(`${pod}:${port}`)?.address() as AddressInfo | undefined)?.port;
            const ports = searchParams.getAll("ports").map(Number);
            sockets.handleUpgrade(request, socket, head, (client) => forward(client, ports, local));
        },
        close: async () => {
            for (const client of sockets.clients) client.terminate();
            for (const server of servers.values()) {
                server.closeAllConnections();
                await new Promise((resolve) => server.close(resolve));
            }
        },
    };
}
