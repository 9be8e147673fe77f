/** One connection to the edge: dialled, registered, serving streams, unregistered (cloudflared connection/http2.go, control.go). */
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { connect, type Socket } from "node:net";
import * as wire from "./wire";
import type { TunnelToken } from "./token";

/** Of cloudflared (supervisor/tunnel.go), in milliseconds. */
const DIAL_TIMEOUT = 15_000;
/** An edge that does not close its side is not waited for longer, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

/** The edge said no. The real connector tries again when the text has "Unauthorized" in it: it may be propagation lag. */
export class RegistrationRefused extends Error {}

export interface ConnectionParts {
    index: number;
    edge: { host: string; port: number };
    token: TunnelToken;
    connectorId: string;
    version: string;
    arch: string;
    configure(update: wire.ConfigurationUpdate): wire.ConfigurationAnswer;
    /** Serves one request; resolves when it is over. */
    serve(stream: ServerHttp2Stream, head: Record<string, unknown>, endOfStream: boolean): Promise<void>;
}

export class EdgeConnection {
    /** Resolves once, whatever the reason. */
    readonly closed: Promise<void>;
    private control?: ServerHttp2Stream;
    private session?: ServerHttp2Session;
    private readonly answers: ((answer: wire.CallAnswer) => void)[] = [];
    private readonly socket: Socket;

    constructor(private readonly parts: ConnectionParts) {
        this.socket = connect(parts.edge);
        this.socket.setNoDelay(true);
        this.socket.on("error", () => undefined); // what follows from it is in `closed`
        this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    }

    /** Dials and registers. @returns the edge's location and the connection's id */
    async register(): Promise<{ location: string; connectionId: string }> {
        const lost = new Promise<never>((_, reject) => {
            this.socket.once("error", reject);
            this.socket.once("close", () => reject(new Error("connection with edge closed")));
        });
        lost.catch(() => undefined);
        const timer = setTimeout(() => this.socket.destroy(new Error("DialContext error: i/o timeout")), DIAL_TIMEOUT);
        try {
            await Promise.race([lost, new Promise<void>((resolve) => this.socket.once("connect", resolve))]);
            const controlStream = this.takeOver();
            this.control = await Promise.race([lost, controlStream]);
        } finally {
            clearTimeout(timer);
        }
        const { accountTag, tunnelId, secret } = this.parts.token;
        const { index: connIndex, connectorId, version, arch } = this.parts;
        const call = { call: "register" as const, accountTag, tunnelId, secret, connIndex, connectorId, version, arch };
        const answer = await Promise.race([lost, this.ask(call)]);
        if ("refused" in answer) {
            this.end();
            throw new RegistrationRefused(answer.refused);
        }
        if (!("registered" in answer)) throw new Error("unexpected answer of the edge");
        return answer.registered;
    }

    /** After this the edge sends no new request on this connection; running ones go on. */
    async unregister(): Promise<void> {
        if (!this.control || this.control.destroyed) return;
        await Promise.race([this.closed, this.ask({ call: "unregister" })]);
    }

    /** Waits for what was written, then closes. */
    finish(): void {
        if (!this.session || this.session.destroyed) return this.end();
        this.control?.end();
        this.session.close();
        const late = setTimeout(() => this.end(), CLOSE_TIMEOUT);
        this.socket.once("close", () => clearTimeout(late));
    }

    /** Breaks it off, with whatever runs on it. */
    end(): void {
        this.socket.destroy();
    }

    /** The roles turn round: the edge opens streams, this side answers. @returns the control stream, once opened */
    private takeOver(): Promise<ServerHttp2Stream> {
        const session = performServerHandshake(this.socket, { settings: { maxConcurrentStreams: 2 ** 32 - 1 } });
        this.session = session;
        session.on("error", () => this.socket.destroy());
        return new Promise((resolve) => {
            session.on("stream", (stream, head, flags) => {
                const upgrade = head[wire.UPGRADE];
                if (upgrade === wire.CONTROL_STREAM) return resolve(this.startControl(stream));
                if (upgrade === wire.UPDATE_CONFIGURATION) return void this.configure(stream);
                if (upgrade !== undefined) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
                void this.parts.serve(stream, head, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0);
            });
        });
    }

    private startControl(stream: ServerHttp2Stream): ServerHttp2Stream {
        stream.on("error", () => undefined); // the session's end is looked at elsewhere
        stream.respond({ ":status": 200 });
        wire.onLines<wire.CallAnswer>(stream, (answer) => {
            this.answers.shift()?.(answer);
        });
        return stream;
    }

    private ask(call: wire.Call): Promise<wire.CallAnswer> {
        return new Promise((resolve) => {
            this.answers.push(resolve);
            this.control?.write(wire.line(call));
        });
    }

    private async configure(stream: ServerHttp2Stream): Promise<void> {
        stream.on("error", () => undefined);
        const update = JSON.parse(await wire.readText(stream)) as wire.ConfigurationUpdate;
        stream.respond({ ":status": 200 });
        stream.end(JSON.stringify(this.parts.configure(update)));
    }
}
