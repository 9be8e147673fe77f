/**
 * The edge's side of tunnels: accepts connectors, sends them their configuration, and picks one for each request. Facts: a
 * connector registers with the tunnel's secret; a change of the secret does not disconnect connectors; they apply a new
 * configuration without a restart; the API can disconnect them. The edge notices a closed connection at once, and a silent one
 * after five unanswered pings (cloudflared quic/constants.go: one ping per second, lost after five seconds). A connector that
 * has unregistered a connection waits until the edge closes it, which happens when all requests in progress are answered.
 *
 * Known differences: a connection gets requests only after its connector has the configuration; the real edge can answer 503
 * until then. Requests go to the connections in turn; the real edge prefers a near one.
 */
import { randomUUID } from "node:crypto";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { json } from "node:stream/consumers";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Account, Change, Tunnel, TunnelConnection } from "../account";
import * as wire from "../connector/wire";
import { listen, type Listening } from "../../processes/listen";
import { serveRegistration } from "../registration/server";
import { Refused, type Registered, type Registration } from "../registration/structs";
import type { Edge } from "./server";

const PING_MS = 1000;
const LOST_AFTER_PINGS = 5;
const LOCATION = "auh01";

interface Connection {
    session: ClientHttp2Session;
    tunnelId: string;
    shown: TunnelConnection;
    /** Configuration version that was sent on the connection. */
    version: number;
}

interface ConnectorsOptions {
    account: Account;
    /** The edge's certificate, which must have the name {@link wire.EDGE_NAME}. */
    certificate: Edge["certificate"];
    /** See {@link wire.ConfigurationUpdate}. */
    certsUrl: string;
    log: (line: string) => void;
}

export class Connectors {
    private readonly server: Server;
    private listening: Listening | undefined;
    private readonly sessions = new Set<ClientHttp2Session>();
    /** Connections whose connectors have the configuration, and which therefore get requests. */
    private pool: Connection[] = [];
    private turn = 0;
    private readonly onChange = (change: Change) => this.changed(change);

    constructor(private readonly options: ConnectorsOptions) {
        const { account, log, certificate } = options;
        this.server = createServer(certificate, (socket) => this.accept(socket));
        this.server.on("tlsClientError", ({ message }) =>
            log(`edge: TLS handshake with a connector failed: ${message}`),
        );
        account.on("changed", this.onChange);
    }

    /** @returns the port on 127.0.0.1 */
    async listen(port: number): Promise<number> {
        this.listening = await listen(this.server, port);
        return this.listening.port;
    }

    async close(): Promise<void> {
        this.options.account.off("changed", this.onChange);
        for (const session of this.sessions) session.destroy();
        await this.listening?.close();
    }

    /** Picks a connection for a request to a tunnel; undefined if the tunnel has none, which causes error 1033. */
    pick(tunnel: Tunnel): ClientHttp2Session | undefined {
        const usable = this.pool.filter((c) => c.tunnelId === tunnel.id && !c.session.closed && !c.session.destroyed);
        return usable.length === 0 ? undefined : usable[this.turn++ % usable.length].session;
    }

    private accept(socket: TLSSocket): void {
        socket.setNoDelay(true);
        socket.on("error", () => undefined);
        const session = connectHttp2("http://connector.invalid", { createConnection: () => socket });
        this.sessions.add(session);
        session.on("error", () => undefined); // handled by `close`
        session.once("close", () => {
            this.sessions.delete(session);
            this.drop(session);
        });
        this.watch(session);
        const head = { ":method": "POST", ":path": "/", [wire.UPGRADE]: wire.CONTROL_STREAM };
        const control = session.request(head, { endStream: false });
        control.on("error", () => undefined);
        const failed = (error: Error) => {
            this.options.log(`edge: RPC call of a connector failed: ${error.message}`);
            session.destroy();
        };
        const unregister = () => {
            this.drop(session);
            setImmediate(() => session.close()); // delayed, so that the answer to the connector is written first
        };
        serveRegistration(control, { register: (call) => this.register(session, socket, call), unregister }, failed);
        control.once("end", () => control.end());
    }

    /** Ends a connection that does not answer pings, because its host has lost power or network. */
    private watch(session: ClientHttp2Session): void {
        let unanswered = 0;
        const timer = setInterval(() => {
            if (session.destroyed) return; // ping() throws if the session is destroyed, and the event `close` comes later
            if (unanswered >= LOST_AFTER_PINGS) return session.destroy();
            unanswered++;
            session.ping((error) => (unanswered = error ? unanswered : 0));
        }, PING_MS);
        session.once("close", () => clearInterval(timer));
    }

    private async register(session: ClientHttp2Session, socket: TLSSocket, call: Registration): Promise<Registered> {
        const { account } = this.options;
        const tunnel = account.tunnels.get(call.tunnelId);
        if (!tunnel || tunnel.deleted_at || call.accountTag !== account.id)
            throw new Refused("Unauthorized: Tunnel not found");
        if (call.secret !== tunnel.secret) throw new Refused("Unauthorized: Invalid tunnel secret");
        const shown: TunnelConnection = {
            ...{ id: randomUUID(), client_id: call.connectorId, client_version: call.version, colo_name: LOCATION },
            ...{ origin_ip: socket.remoteAddress ?? "", opened_at: account.stamp(), is_pending_reconnect: false },
        };
        const connection = { session, tunnelId: tunnel.id, shown, version: 0 };
        await this.update(connection);
        if (session.destroyed) throw new Error("the connection closed during registration");
        this.pool.push(connection);
        this.show(tunnel.id);
        void this.update(connection); // the configuration can have changed during the first update
        return { connectionId: shown.id, location: LOCATION };
    }

    private drop(session: ClientHttp2Session): void {
        const gone = this.pool.find((connection) => connection.session === session);
        this.pool = this.pool.filter((connection) => connection !== gone);
        if (gone) this.show(gone.tunnelId);
    }

    /** Writes the connections to the account, which updates the tunnel's status. */
    private show(tunnelId: string): void {
        const tunnel = this.options.account.tunnels.get(tunnelId);
        const connections = this.pool.filter((c) => c.tunnelId === tunnelId).map((c) => c.shown);
        if (tunnel) this.options.account.setConnections(tunnel, connections);
    }

    private changed({ kind, id }: Change): void {
        for (const connection of this.pool.filter(({ tunnelId }) => tunnelId === id)) {
            if (kind === "tunnel") void this.update(connection);
            if (kind === "connections") connection.session.destroy();
        }
    }

    /** Sends the tunnel's configuration on a connection, unless it has it. A connector ignores older ones. Never throws. */
    private async update(connection: Connection): Promise<void> {
        const { account, certsUrl, log } = this.options;
        const { configuration } = account.tunnels.get(connection.tunnelId)!;
        if (!configuration || configuration.version <= connection.version) return;
        const { version, config } = configuration;
        const who = connection.shown.client_id;
        connection.version = version;
        try {
            const head = { ":method": "POST", ":path": "/", [wire.UPGRADE]: wire.UPDATE_CONFIGURATION };
            const stream = connection.session.request(head);
            stream.end(JSON.stringify({ version, config, certsUrl } satisfies wire.ConfigurationUpdate));
            const { err } = (await json(stream)) as wire.ConfigurationAnswer;
            if (err) log(`edge: connector ${who} rejected configuration ${version}: ${err}`);
        } catch (error) {
            log(`edge: connector ${who} did not receive its configuration: ${(error as Error).message}`);
        }
    }
}
