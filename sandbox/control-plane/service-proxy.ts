/**
 * Emulates the network of nodes and pods for kube-apiserver. Without it, a connection to a pod (for an admission webhook behind
 * a Service, or `kubectl get --raw …/proxy`) would hang until its timeout. kube-apiserver therefore uses this CONNECT proxy,
 * which connects to the emulated kubelet that all nodes share, and rejects all other addresses at once.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { connect } from "node:net";
import type { Pki } from "./pki";
import { listen } from "../processes/listen";

interface ServiceProxy {
    close(): Promise<void>;
}

interface ServiceProxyOptions {
    port: number;
    /** PKI of the control plane. The proxy accepts only the client certificate of kube-apiserver. */
    pki: Pki;
    /** Port of the kubelet on every node, and on this machine. */
    kubelet: number;
    log: (line: string) => void;
}

export async function startServiceProxy({ port, pki, kubelet, log }: ServiceProxyOptions): Promise<ServiceProxy> {
    const { serving, etcdCa } = pki.files;
    const tls = {
        cert: readFileSync(serving.cert),
        key: readFileSync(serving.key),
        ca: readFileSync(etcdCa),
        requestCert: true,
        rejectUnauthorized: true,
    };
    const server: Server = createServer(tls, (_request, response) => {
        response.writeHead(501).end("unsupported by the sandbox: methods other than CONNECT\n");
    });
    server.on("connect", (request, socket, head) => {
        socket.on("error", () => undefined);
        if (!request.url?.endsWith(`:${kubelet}`)) {
            log(`rejected a connection to ${request.url}, because no emulator has this address`);
            socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n");
            return;
        }
        const upstream = connect(kubelet, "127.0.0.1", () => {
            socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
            if (head.length > 0) upstream.write(head);
            upstream.pipe(socket).pipe(upstream);
        });
        upstream.on("error", () => socket.destroy());
        socket.on("close", () => upstream.destroy());
    });
    const { close } = await listen(server, port);
    return { close };
}
