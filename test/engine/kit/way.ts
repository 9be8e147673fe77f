/** A port through which clients reach a host's SSH server. A test can close it to simulate a host that is off. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Way {
    /** Port to which clients connect, at the address of the host. */
    port: number;
    /** Rejects new connections and closes the existing ones. */
    shut(): Promise<void>;
    open(): Promise<void>;
}

/** Opens a port that forwards to the SSH server. @param to port of the SSH server */
export async function openWay(address: string, to: number): Promise<Way> {
    const sockets = new Set<Socket>();
    let server = createServer();
    let port = 0;
    const open = async () => {
        server = createServer((client) => {
            const host = connect(to, address);
            for (const [one, other] of [
                [client, host],
                [host, client],
            ]) {
                sockets.add(one.on("error", () => other.destroy()).on("close", () => sockets.delete(one)));
                one.pipe(other);
            }
        });
        await new Promise<void>((resolve) => server.listen(port, address, resolve));
        port = (server.address() as AddressInfo).port;
    };
    await open();
    const shut = () =>
        new Promise<void>((resolve) => {
            server.close(() => resolve());
            for (const socket of sockets) socket.destroy();
        });
    return { port, shut, open };
}
