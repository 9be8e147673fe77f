/** Plays kube-proxy for one node port: connections go to whatever plays the pods behind the Service. */
import { connect, createServer, type Socket } from "node:net";
import { describeHolder } from "../processes";

export interface NodePort {
    port: number;
    close(): Promise<void>;
}

/** @throws Error naming the process that holds the port */
export async function openNodePort(port: number, target: () => number | undefined): Promise<NodePort> {
    const open = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (client) => {
        const to = target();
        // No pod is ready: what a node answers then.
        if (to === undefined) return void client.resetAndDestroy();
        const backend = connect({ port: to, host: "127.0.0.1", allowHalfOpen: true });
        for (const socket of [client, backend]) open.add(socket.on("close", () => open.delete(socket)));
        client.on("error", () => backend.resetAndDestroy());
        backend.on("error", () => client.resetAndDestroy());
        client.pipe(backend).pipe(client);
    });
    await new Promise<void>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) =>
            reject(error.code === "EADDRINUSE" ? new Error(`node ${describeHolder(port)}`) : error),
        );
        server.listen(port, "127.0.0.1", resolve);
    });
    return {
        port,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                for (const socket of open) socket.destroy();
            }),
    };
}
