/**
 * The edge's side of tunnels: accepts connectors, sends them their configuration, and picks one for each request.
 * Facts: a connector registers with the tunnel's secret; a tunnel has up to 25 connectors with four connections each; a change
 * of the secret does not disconnect connectors; they apply a new configuration without a restart; the API can disconnect them.
 * The edge notices a closed connection at once, and a silent one after five unanswered pings (cloudflared quic/constants.go:
 * one ping per second, lost after five seconds). A connector that has unregistered a connection waits until the edge closes it,
 * which happens when all requests in progress are answered.
 *
 * Known differences: a connection gets requests only after its connector has the configuration; the real edge can answer 503
 * until then. Requests go to the connections in turn; the real edge prefers a near one.
 */
import { randomUUID } from "node:crypto";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Account, Change, Tunnel, TunnelConnection } from "../account";
import * as wire from "../connector/wire";
import { listen, type Listening } from "../../processes/listen";
import { Refused, serveRegistration, type Registered, type Registration } from "../registration/server";
import type { Certificate } from "./certificate";

const MAX_CONNECTORS = 25;
const PING_MS = 1000;
const LOST_AFTER_PINGS = 5;
/** Two data centers, because a connector connects to at least two. */
const LOCATIONS = ["auh01", "dxb01"];

interface Connection {
    session: ClientHttp2Session;
    tunnelId: string;
    connectorId: string;
    shown: TunnelConnection;
    /** Configuration version that the connector has reported. */
    version: number;
}

interface ConnectorsOptions {
    account: Account;
    /** The edge's certificate, which must have the name {@link wire.EDGE_NAME}. */
    certificate: Certificate;
    /** See {@link wire.ConfigurationUpdate}. */
    certsUrl: string;
    log: (line: string) => void;
    /** @default {@link PING_MS} */
    pingMs?: number;
}

export class Connectors {
    private readonly server: Server;
    private listening: Listening | undefined;
    private readonly sessions = new Set<ClientHttp2Session>();
    /** Connections whose connectors have the configuration, and which therefore get requests. */
    private pool: Connection[] = [];
    private turn = 0;
    /** The last configuration update of each connector, by its id: updates are sent one after another. */
    private readonly updates = new Map<string, Promise<number>>();
    private readonly onChange = (change: Change) => this.changed(change);

    private readonly account: Account;
    private readonly log: (line: string) => void;

    constructor(private readonly options: ConnectorsOptions) {
        const { account, log, certificate } = options;
        this.account = account;
        this.log = log;
        this.server = createServer(certificate, (socket) => this.accept(socket));
        this.server.on("tlsClientError", (error) =>
            log(`edge: TLS handshake with a connector failed: ${error.message}`),
        );
        account.on("changed", this.onChange);
    }

    /** @returns the port on 127.0.0.1 */
    async listen(port: number): Promise<number> {
        this.listening = await listen(this.server, port);
        return this.listening.port;
    }

    async close(): Promise<void> {
        this.account.off("changed", this.onChange);
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
            this.drop((connection) => connection.session === session);
        });
        this.watch(session);
        const head = { ":method": "POST", ":path": "/", [wire.UPGRADE]: wire.CONTROL_STREAM };
        const control = session.request(head, { endStream: false });
        control.on("error", () => undefined);
        const failed = (error: Error) => {
            this.log(`edge: RPC call of a connector failed: ${error.message}`);
            session.destroy();
        };
        const server = {
            register: (registration: Registration) => this.register(session, socket, registration),
            unregister: () => this.unregister(session),
        };
        serveRegistration(control, server, failed);
        control.once("end", () => control.end());
    }

    /** Ends a connection that does not answer pings, because its host has lost power or network. */
    private watch(session: ClientHttp2Session): void {
        let unanswered = 0;
        const timer = setInterval(() => {
            if (session.destroyed) return; // ping() throws if the session is destroyed, and the event `close` comes later
            if (unanswered >= LOST_AFTER_PINGS) {
                this.log(`edge: closing the connection of a connector, because ${unanswered} pings got no answer`);
                return session.destroy();
            }
            unanswered++;
            session.ping((error) => (unanswered = error ? unanswered : 0));
        }, this.options.pingMs ?? PING_MS);
        session.once("close", () => clearInterval(timer));
    }

    private async register(session: ClientHttp2Session, socket: TLSSocket, call: Registration): Promise<Registered> {
        const tunnel = this.account.tunnels.get(call.tunnelId);
        if (!tunnel || tunnel.deleted_at || call.accountTag !== this.account.id) {
            throw new Refused("Unauthorized: Tunnel not found");
        }
        if (call.secret !== tunnel.secret) throw new Refused("Unauthorized: Invalid tunnel secret");
        const others = this.pool.filter((c) => c.tunnelId === tunnel.id && c.connectorId !== call.connectorId);
        if (new Set(others.map((c) => c.connectorId)).size >= MAX_CONNECTORS) {
            throw new Refused(`too many connectors: a tunnel has at most ${MAX_CONNECTORS}`);
        }
        const location = LOCATIONS[call.connIndex % LOCATIONS.length];
        const shown: TunnelConnection = {
            id: randomUUID(),
            client_id: call.connectorId,
            client_version: call.version,
            colo_name: location,
            origin_ip: socket.remoteAddress ?? "",
            opened_at: this.account.stamp(),
            is_pending_reconnect: false,
        };
        const connection = { session, tunnelId: tunnel.id, connectorId: call.connectorId, shown, version: 0 };
        await this.update(connection, tunnel);
        if (session.destroyed) throw new Error("the connection closed during registration");
        this.pool.push(connection);
        this.show(tunnel.id);
        // Sends the configuration again if it changed during the first update.
        if (connection.version < (tunnel.configuration?.version ?? 0)) void this.update(connection, tunnel);
        return { connectionId: shown.id, location, remotelyManaged: tunnel.config_src === "cloudflare" };
    }

    private unregister(session: ClientHttp2Session): Promise<void> {
        this.drop((connection) => connection.session === session);
        setImmediate(() => session.close()); // delayed, so that the answer to the connector is written first
        return Promise.resolve();
    }

    private drop(which: (connection: Connection) => boolean): void {
        const gone = this.pool.filter(which);
        this.pool = this.pool.filter((connection) => !which(connection));
        const left = new Set(this.pool.map((c) => c.connectorId));
        for (const { connectorId } of gone) if (!left.has(connectorId)) this.updates.delete(connectorId);
        for (const id of new Set(gone.map((c) => c.tunnelId))) this.show(id);
    }

    /** Writes the connections to the account, which updates the tunnel's status. */
    private show(tunnelId: string): void {
        const tunnel = this.account.tunnels.get(tunnelId);
        if (!tunnel) return;
        const connections = this.pool.filter((c) => c.tunnelId === tunnelId).map((c) => c.shown);
        this.account.setConnections(tunnel, connections);
    }

    private changed({ kind, id, client_id }: Change): void {
        if (kind === "connections") {
            const which = (c: Connection) =>
                c.tunnelId === id && (client_id === undefined || c.connectorId === client_id);
            for (const connection of this.pool.filter(which)) connection.session.destroy();
        }
        if (kind !== "tunnel") return;
        const tunnel = this.account.tunnels.get(id);
        if (!tunnel?.configuration) return;
        const { version } = tunnel.configuration;
        for (const c of this.pool) if (c.tunnelId === id && c.version < version) void this.update(c, tunnel);
    }

    /** Sends a connector the tunnel's configuration, unless the tunnel is locally managed. Never throws. */
    private async update(connection: Connection, tunnel: Tunnel): Promise<void> {
        const { configuration } = tunnel;
        if (!configuration || tunnel.config_src !== "cloudflare") return;
        connection.version = configuration.version;
        const { version, config } = configuration;
        const before = this.updates.get(connection.connectorId) ?? Promise.resolve(0);
        const done = before.then((applied) => (applied >= version ? applied : this.send(connection, version, config)));
        this.updates.set(connection.connectorId, done);
        await done;
    }

    private async send(connection: Connection, version: number, config: unknown): Promise<number> {
        try {
            const stream = connection.session.request({
                ":method": "POST",
                ":path": "/",
                [wire.UPGRADE]: wire.UPDATE_CONFIGURATION,
            });
            stream.end(
                JSON.stringify({ version, config, certsUrl: this.options.certsUrl } satisfies wire.ConfigurationUpdate),
            );
            const { err } = JSON.parse(await wire.readText(stream)) as wire.ConfigurationAnswer;
            if (err) this.log(`edge: connector ${connection.connectorId} rejected configuration ${version}: ${err}`);
            return version;
        } catch (error) {
            this.log(
                `edge: connector ${connection.connectorId} did not receive its configuration: ${(error as Error).message}`,
            );
            return 0;
        }
    }
}
