/**
 * Emulates kube-proxy for one node port: each connection goes to the emulator of one pod behind the Service, for its whole
 * lifetime. It counts what callers lose when a pod ends without a graceful shutdown, or a node loses its network.
 */
import { connect, createServer, type Socket } from "node:net";
import { describeHolder } from "../processes";
import { listen } from "../processes/listen";

/** Destination of a new connection. */
export type Destination =
    | { pod: string; port: number }
    /** A pod that has ended, but is still an endpoint on the node: the connection is refused. */
    | "gone"
    /** The Service has no endpoints: the node refuses the connection. */
    | "none"
    /** The network drops all packets: the connection gets no answer. */
    | "silence";

/** Requests and connections that callers have lost. */
export interface Lost {
    /** Requests that were running in a pod when it was killed. */
    cut: number;
    /** Connections to a pod that had ended. */
    refused: number;
    /** Requests to a pod or node whose network is down. They get no answer. */
    unanswered: number;
}

export interface NodePort {
    readonly lost: Lost;
    /** Resets the connections to a killed pod: their requests are lost. */
    cut(pod: string): void;
    /** Drops all packets of one pod's connections, or of all connections. */
    silence(pod?: string): void;
    /**
     * Restores the network. Closes the silenced connections, because a real client or server would have given up by then.
     */
    resume(): void;
    close(): Promise<void>;
}

interface Connection {
    client: Socket;
    backend?: Socket;
    pod?: string;
    /** Whether at least the first bytes of the answer to the client's last request were sent. */
    answered: boolean;
}

/**
 * @param from source address of connections to pods; unset: this machine chooses it
 * @throws Error naming the process that holds the port
 */
export async function openNodePort(
    port: number,
    destination: () => Destination,
    address = "127.0.0.1",
    from?: string,
): Promise<NodePort> {
    const connections = new Connections(destination, from);
    const server = createServer({ allowHalfOpen: true }, (client) => connections.take(client));
    const { close } = await listen(server, port, address).catch((error: NodeJS.ErrnoException) => {
        throw error.code === "EADDRINUSE" ? new Error(`node ${describeHolder(port)}`) : error;
    });
    return {
        lost: connections.lost,
        cut: (pod) => connections.cut(pod),
        silence: (pod) => connections.silence(pod),
        resume: () => connections.resume(),
        close: async () => {
            const closed = close();
            connections.end();
            await closed;
        },
    };
}

class Connections {
    readonly lost: Lost = { cut: 0, refused: 0, unanswered: 0 };
    private readonly open = new Set<Connection>();
    private readonly silent = new Set<Connection>();

    constructor(
        private readonly destination: () => Destination,
        private readonly from: string | undefined,
    ) {}

    take(client: Socket): void {
        const to = this.destination();
        client.on("error", () => undefined);
        if (to === "gone") this.lost.refused++;
        if (to === "gone" || to === "none") return void client.resetAndDestroy();
        const connection: Connection = { client, answered: false };
        this.open.add(connection);
        client.on("close", () => {
            this.open.delete(connection);
            // hush() has removed the pipe of a silenced connection, so the connection to the pod must be closed here.
            if (this.silent.delete(connection)) connection.backend?.destroy();
        });
        if (to === "silence") return this.hush(connection);
        this.lead(connection, to);
    }

    cut(pod: string): void {
        for (const connection of this.open) {
            if (connection.pod !== pod) continue;
            if (!connection.answered) this.lost.cut++;
            end(connection);
        }
    }

    silence(pod: string | undefined): void {
        for (const connection of this.open)
            if ((pod === undefined || connection.pod === pod) && !this.silent.has(connection)) this.hush(connection);
    }

    resume(): void {
        this.silent.forEach(end);
    }

    end(): void {
        this.open.forEach(end);
    }

    private lead(connection: Connection, { pod, port }: Exclude<Destination, string>): void {
        const { client } = connection;
        const backend = connect({ port, host: "127.0.0.1", localAddress: this.from, allowHalfOpen: true });
        Object.assign(connection, { backend, pod });
        client.on("error", () => backend.resetAndDestroy());
        let reached = false;
        backend.on("connect", () => (reached = true));
        backend.on("error", () => {
            // The connection failed because the pod has just closed its port.
            if (!reached) this.lost.refused++;
            client.resetAndDestroy();
        });
        client.on("data", () => (connection.answered = false));
        backend.on("data", () => (connection.answered = true));
        client.pipe(backend).pipe(client);
    }

    private hush(connection: Connection): void {
        const { client, backend } = connection;
        client.unpipe().pause();
        backend?.unpipe().pause();
        this.silent.add(connection);
        if (!connection.answered) this.lost.unanswered++;
    }
}

/**
 * Ends a socket without a reset. If both sides reset at the same time, Node.js 20 keeps the socket's handle forever, and the
 * process would never end.
 */
function end({ client, backend }: Connection): void {
    client.destroy();
    backend?.destroy();
}
