/**
 * A SOCKS5 proxy (RFC 1928) by which a real program reaches names that only this sandbox knows. Emulated: TCP connections
 * without authentication, to a name or an IPv4 address. For an unknown name, the reply is "host unreachable".
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { listen } from "../processes/listen";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
/** Codes of replies to a request. */
const SUCCEEDED = 0;
const HOST_UNREACHABLE = 4;
const CONNECTION_REFUSED = 5;
const COMMAND_NOT_SUPPORTED = 7;
const ADDRESS_NOT_SUPPORTED = 8;

/**
 * Returns the port on 127.0.0.1 that emulates a port of a name. Returns undefined for an unknown name.
 * @throws Error if the name is known, but no program listens on the port
 */
export type Destination = (host: string, port: number) => number | undefined;

export interface SocksProxy {
    /** URL of the proxy, for variables such as HTTPS_PROXY. */
    url: string;
    close(): Promise<void>;
}

export async function startSocks(destination: Destination): Promise<SocksProxy> {
    const server = createServer((socket) => {
        socket.on("error", () => undefined); // handled by `close`
        serve(socket, destination).catch(() => socket.destroy());
    });
    const { port, close } = await listen(server);
    return { url: `socks5://127.0.0.1:${port}`, close };
}

async function serve(socket: Socket, destination: Destination): Promise<void> {
    const [, methods] = await take(socket, 2);
    await take(socket, methods);
    socket.write(Buffer.from([VERSION, NO_AUTHENTICATION]));
    const [version, command, , type] = await take(socket, 4);
    const reply = (code: number) => socket.write(Buffer.from([VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0]));
    const refuse = (code: number) => (reply(code), socket.end());
    if (version !== VERSION || command !== CONNECT) return void refuse(COMMAND_NOT_SUPPORTED);
    if (type !== IPV4 && type !== NAME) return void refuse(ADDRESS_NOT_SUPPORTED);
    const length = type === IPV4 ? 4 : (await take(socket, 1))[0];
    const address = await take(socket, length);
    const host = type === IPV4 ? address.join(".") : address.toString("latin1").toLowerCase();
    const asked = (await take(socket, 2)).readUInt16BE(0);
    let port: number | undefined;
    try {
        port = destination(host, asked);
    } catch {
        return void refuse(CONNECTION_REFUSED);
    }
    if (port === undefined) return void refuse(HOST_UNREACHABLE);
    const onward = connect({ host: "127.0.0.1", port });
    socket.once("close", () => onward.destroy());
    onward.once("error", () => refuse(CONNECTION_REFUSED));
    onward.once("connect", () => {
        reply(SUCCEEDED);
        onward.removeAllListeners("error").on("error", () => socket.destroy());
        onward.once("close", () => socket.end());
        socket.pipe(onward).pipe(socket);
    });
}

/** Reads the next `length` bytes. @throws Error if the socket ends earlier */
async function take(socket: Socket, length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    for (;;) {
        const bytes = socket.read(length) as Buffer | null;
        if (bytes?.length === length) return bytes;
        if (socket.readableEnded || socket.destroyed) throw new Error("the connection ended too early");
        const over = new AbortController();
        const { signal } = over;
        try {
            await Promise.race(["readable", "end", "close"].map((event) => once(socket, event, { signal })));
        } finally {
            over.abort();
        }
    }
}
