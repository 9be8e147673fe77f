import * as http from "node:http";
import { WebSocketServer } from "ws";
import { forward } from "../../../sandbox/control-plane/kubelet";
import { listen } from "./http";

/** One request to a pod. */
export interface PodAsked {
    pod: string;
    port: number;
    method: string;
    path: string;
    headers: http.IncomingHttpHeaders;
}

export type PodAnswers = (asked: PodAsked) => { status: number; headers?: Record<string, string>; body?: string };

/** HTTP servers of pods, which a fake API server reaches by port-forwarding. They end after the test. */
export interface FakePods {
    /** Handles the upgrade of `GET …/pods/P/portforward`. The answer for an unknown pod is 404. */
    upgrade(request: http.IncomingMessage, socket: import("node:stream").Duplex, head: Buffer): void;
    asked: PodAsked[];
}

/** Connections of the fake API server to pods. */
const open: WebSocketServer[] = [];

afterEach(() => {
    for (const { clients } of open.splice(0)) for (const client of clients) client.terminate();
});

/**
 * @param forbidden whether the API server rejects port-forwarding
 * @param closed pods whose ports have no listener
 */
export async function fakePods(
    pods: string[],
    answers: PodAnswers,
    forbidden = false,
    closed: string[] = [],
): Promise<FakePods> {
    const asked: PodAsked[] = [];
    // One WebSocket server for all pods, because the path of a connection names pod and port.
    const ports = new Map<string, number>();
    for (const pod of pods.filter((name) => !closed.includes(name)))
        for (const port of [9080, 9180]) {
            const server = http.createServer(({ method, url, headers }, response) => {
                const one = { pod, port, method: method!, path: url!, headers };
                asked.push(one);
                const { status, headers: more, body = "{}" } = answers(one);
                response.writeHead(status, more).end(body);
            });
            ports.set(`${pod}:${port}`, await listen(server));
        }
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "v4.channel.k8s.io" });
    open.push(sockets);
    return {
        asked,
        upgrade: (request, socket, head) => {
            const { pathname, searchParams } = new URL(request.url!, "http://fake");
            const pod = pathname.split("/").at(-2)!;
            if (forbidden || !pods.includes(pod))
                return void socket.end(`HTTP/1.1 ${forbidden ? 403 : 404} No\r\nContent-Length: 0\r\n\r\n`);
            const local = (port: number) => ports.get(`${pod}:${port}`);
            const wanted = searchParams.getAll("ports").map(Number);
            sockets.handleUpgrade(request, socket, head, (client) => forward(client, wanted, local));
        },
    };
}
