/** Servers on loopback: how each opens its port, and ends. */
import type { AddressInfo, Server, Socket } from "node:net";

export interface Listening {
    port: number;
    /** Ends the server with every connection, also those that were upgraded or tunnel. Resolves when its port is free. */
    close(): Promise<void>;
}

/**
 * @param port 0: any free one
 * @throws Error as the system gives it: EADDRINUSE where the port is taken
 */
export async function listen(server: Server, port = 0, address = "127.0.0.1"): Promise<Listening> {
    const open = new Set<Socket>();
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, address, () => {
            server.off("error", reject);
            server.on("connection", (socket: Socket) => {
                open.add(socket);
                socket.once("close", () => open.delete(socket));
            });
            resolve();
        });
    });
    return {
        port: (server.address() as AddressInfo).port,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                for (const socket of open) socket.destroy();
            }),
    };
}
