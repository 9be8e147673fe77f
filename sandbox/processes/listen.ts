/** Opens and closes servers on loopback. */
import type { AddressInfo, Server, Socket } from "node:net";

export interface Listening {
    port: number;
    /** Closes the server and all connections, including upgraded ones and tunnels. Resolves when its port is free. */
    close(): Promise<void>;
}

/**
 * Starts to listen. @param port 0: any free one
 * @throws Error of the system, for example EADDRINUSE
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
