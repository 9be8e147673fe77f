/** HTTP servers of a test, each on a free port of 127.0.0.1. They end after the test. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const servers: Server[] = [];

afterEach(() => Promise.all(servers.splice(0).map(end)));

function end(server: Server): Promise<void> {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
}

/** Starts a server. @returns its port */
export async function listen(server: Server): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
}

/** Starts a server with this request listener. @returns its address, `http://127.0.0.1:PORT` */
export async function serve(answer: RequestListener): Promise<string> {
    return `http://127.0.0.1:${await listen(createServer(answer))}`;
}
