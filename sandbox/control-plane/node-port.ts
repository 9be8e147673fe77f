/**
 * Emulates kube-proxy for one node port: connections go to the emulators of the pods behind the Service, and stay
 * there. It counts what callers lose when a pod ends without a graceful shutdown, or a node is cut off.
 */
import { connect, createServer, type Socket } from "node:net";
import { describeHolder } from "../processes";

/** Where a new connection goes. */
export type Destination =
    | { pod: string; port: number }
    /** To a pod that has ended, which the node does not know yet. */
    | "gone"
    /** To no pod: the answer of a node when a Service has none. */
    | "none"
    /** Into a network that drops all packets. */
    | "silence";

/** What callers have lost. */
export interface Lost {
    /** Running requests of a pod that was killed. */
    cut: number;
    /** Connections to a pod that had ended. */
    refused: number;
    /** Requests to a pod or node that is cut off: no answer comes. */
    unanswered: number;
}

export interface NodePort {
    readonly lost: Lost;
    /** A pod was killed: what waits for its answers is lost. */
    cut(pod: string): void;
    /** Lets nothing through any more: of one pod's connections, or of all. */
    silence(pod?: string): void;
    /** Ends what was silenced: the other side knows nothing of these connections any more. */
    resume(): void;
    close(): Promise<void>;
}

interface Connection {
    client: Socket;
    backend?: Socket;
    pod?: string;
    /** Nothing is owed to the client: what it sent last has been answered, at least in part. */
    answered: boolean;
}

/**
 * @param from address that pods see connections come from; unset: this machine's choice
 * @throws Error naming the process that holds the port
 */
export async function openNodePort(
    port: number,
    destination: () => Destination,
    address = "127.0.0.1",
    from?: string,
): Promise<NodePort> {
    const open = new Set<Connection>();
    const silent = new Set<Connection>();
    const lost: Lost = { cut: 0, refused: 0, unanswered: 0 };
    // Not reset: a socket that is being reset when its other side resets too keeps its handle for ever in Node.js 20, and the
    // process does not end.
    const end = ({ client, backend }: Connection) => {
        client.destroy();
        backend?.destroy();
    };
    const hush = (connection: Connection) => {
        const { client, backend } = connection;
        client.unpipe().pause();
        backend?.unpipe().pause();
        silent.add(connection);
        if (!connection.answered) lost.unanswered++;
    };
    const server = createServer({ allowHalfOpen: true }, (client) => {
        const to = destination();
        client.on("error", () => undefined);
        if (to === "gone") lost.refused++;
        if (to === "gone" || to === "none") return void client.resetAndDestroy();
        const connection: Connection = { client, answered: false };
        open.add(connection);
        client.on("close", () => {
            open.delete(connection);
            // Nothing is piped here that would end the other side.
            if (silent.delete(connection)) connection.backend?.destroy();
        });
        if (to === "silence") return hush(connection);
        const backend = connect({ port: to.port, host: "127.0.0.1", localAddress: from, allowHalfOpen: true });
        Object.assign(connection, { backend, pod: to.pod });
        client.on("error", () => backend.resetAndDestroy());
        let reached = false;
        backend.on("connect", () => (reached = true));
        backend.on("error", () => {
            // The pod has just stopped to listen.
            if (!reached) lost.refused++;
            client.resetAndDestroy();
        });
        client.on("data", () => (connection.answered = false));
        backend.on("data", () => (connection.answered = true));
        client.pipe(backend).pipe(client);
    });
    await new Promise<void>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) =>
            reject(error.code === "EADDRINUSE" ? new Error(`node ${describeHolder(port)}`) : error),
        );
        server.listen(port, address, resolve);
    });
    return {
        lost,
        cut: (pod) => {
            for (const connection of open) {
                if (connection.pod !== pod) continue;
                if (!connection.answered) lost.cut++;
                end(connection);
            }
        },
        silence: (pod) => {
            for (const connection of open)
                if ((pod === undefined || connection.pod === pod) && !silent.has(connection)) hush(connection);
        },
        resume: () => silent.forEach(end),
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                for (const { client, backend } of open) {
                    client.destroy();
                    backend?.destroy();
                }
            }),
    };
}
