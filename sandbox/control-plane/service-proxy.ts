/**
 * Emulates the pod network for kube-apiserver. Pods of the sandbox have no network, so a connection to a pod (for an admission
 * webhook behind a Service, or `kubectl get --raw …/proxy`) would hang until its timeout. kube-apiserver therefore uses this
 * CONNECT proxy, which connects to the emulator of the pod, and rejects all other addresses at once.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { connect } from "node:net";
import type { Pki } from "./pki";
import { listen } from "../processes/listen";

/** Returns the local port of the emulator of a Service or pod address; undefined if there is none. */
export type DialIn = (host: string, port: number) => number | undefined;

interface ServiceProxy {
    close(): Promise<void>;
}

interface ServiceProxyOptions {
    port: number;
    /** PKI of the control plane. The proxy accepts only the client certificate of kube-apiserver. */
    pki: Pki;
    dialIn: DialIn;
    log: (line: string) => void;
}

export async function startServiceProxy({ port, pki, dialIn, log }: ServiceProxyOptions): Promise<ServiceProxy> {
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
        const [host, portText] = split(request.url ?? "");
        const target = dialIn(host, Number(portText));
        socket.on("error", () => undefined);
        if (target === undefined) {
            log(`rejected a connection to ${request.url}, because no emulator has this address`);
            socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n");
            return;
        }
        const upstream = connect(target, "127.0.0.1", () => {
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

function split(authority: string): [host: string, port: string] {
    const at = authority.lastIndexOf(":");
    return [authority.slice(0, at).replace(/^\[|\]$/g, ""), authority.slice(at + 1)];
}
