/** One connection to the edge: connect, register, serve streams, unregister (cloudflared connection/http2.go, control.go). */
import { once } from "node:events";
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { json } from "node:stream/consumers";
import { connect, type TLSSocket } from "node:tls";
import { RegistrationClient } from "../registration/client";
import type { TunnelToken } from "./arguments";
import * as wire from "./wire";

/** Longest wait for an edge to close its side, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

interface ConnectionParts {
    index: number;
    edge: { host: string; port: number };
    /** CA certificates that verify the edge, in PEM form. @default the system's certificates */
    ca?: string;
    token: TunnelToken;
    connectorId: string;
    version: string;
    /** Applies a configuration. @returns the version of the current one */
    configure(update: wire.ConfigurationUpdate): number;
    /** Serves one request. Resolves when the request has ended. */
    serve(stream: ServerHttp2Stream, head: wire.RequestHead, endOfStream: boolean): Promise<void>;
}

export class EdgeConnection {
    /** Resolves when the connection ends, for whatever reason. */
    readonly closed: Promise<void>;
    private control?: ServerHttp2Stream;
    private session?: ServerHttp2Session;
    private registration?: RegistrationClient;
    private readonly socket: TLSSocket;

    constructor(private readonly parts: ConnectionParts) {
        const { edge, ca } = parts;
        this.socket = connect({ ...edge, ca, servername: wire.EDGE_NAME });
        this.socket.setNoDelay(true);
        this.socket.on("error", () => undefined); // handled by `closed`
        this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    }

    /** Connects and registers. @returns location of the edge's data center, and id of the connection */
    async register(): Promise<{ location: string; connectionId: string }> {
        const lost = new Promise<never>((_, reject) => {
            this.socket.once("error", reject);
            this.socket.once("close", () => reject(new Error("connection with edge closed")));
        });
        lost.catch(() => undefined);
        await Promise.race([lost, once(this.socket, "secureConnect")]);
        this.control = await Promise.race([lost, this.takeOver()]);
        const { token, index: connIndex, connectorId, version } = this.parts;
        this.registration = new RegistrationClient(this.control, (error) => this.socket.destroy(error));
        const call = this.registration.register({ ...token, connIndex, connectorId, version });
        call.catch(() => undefined); // without this handler, a rejection after `lost` would end the process
        return Promise.race([lost, call]);
    }

    /** Unregisters the connection: the edge then sends no new request on it. Requests in progress continue. */
    async unregister(): Promise<void> {
        if (!this.control || this.control.destroyed) return;
        await Promise.race([this.closed, this.registration?.unregister()]);
    }

    /** Waits until all data is written, then closes. */
    finish(): void {
        if (!this.session || this.session.destroyed) return this.end();
        this.control?.end();
        this.session.close();
        const late = setTimeout(() => this.end(), CLOSE_TIMEOUT);
        this.socket.once("close", () => clearTimeout(late));
    }

    /** Closes the connection at once, and aborts all requests in progress. */
    end(): void {
        this.socket.destroy();
    }

    /** Reverses the roles: the edge opens streams, and the connector answers. @returns the control stream when it is open */
    private takeOver(): Promise<ServerHttp2Stream> {
        const session = performServerHandshake(this.socket, { settings: { maxConcurrentStreams: 2 ** 32 - 1 } });
        this.session = session;
        session.on("error", () => this.socket.destroy());
        return new Promise((resolve) => {
            session.on("stream", (stream: ServerHttp2Stream, head: object, flags: number, rawHeaders: string[]) => {
                stream.on("error", () => undefined); // the caller or the edge has disconnected
                const upgrade = (head as Record<string, unknown>)[wire.UPGRADE];
                const endOfStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
                if (upgrade === undefined)
                    return void this.parts.serve(stream, wire.requestHead(rawHeaders), endOfStream);
                if (upgrade === wire.UPDATE_CONFIGURATION) return void this.configure(stream);
                if (upgrade !== wire.CONTROL_STREAM) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
                stream.respond({ ":status": 200 });
                resolve(stream);
            });
        });
    }

    private async configure(stream: ServerHttp2Stream): Promise<void> {
        const lastAppliedVersion = this.parts.configure((await json(stream)) as wire.ConfigurationUpdate);
        stream.respond({ ":status": 200 });
        stream.end(JSON.stringify({ lastAppliedVersion, err: "" } satisfies wire.ConfigurationAnswer));
    }
}
