/**
 * Gives real programs a network of pods and Services, because they cannot reach the emulators otherwise. The network
 * consists of a DNS server for the names of the cluster, a loopback address for each name, and a proxy for addresses of
 * pods and names of Services.
 * The DNS server resolves no other names, so a real program that uses a name can reach only this machine.
 * Unsupported: addresses of Services and pods without the proxy.
 */
import { createSocket, type Socket } from "node:dgram";
import { randomInt } from "node:crypto";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { decode, encode, RECURSION_DESIRED, type Packet } from "dns-packet";
import { openNodePort, type NodePort } from "../control-plane/node-port";
import { listen, type Listening } from "../processes/listen";

const DNS_PORT = 53;
/** Last number of the first loopback address for names of the cluster. The DNS server has the address before it. */
const FIRST_HOST = 10;
const LAST_HOST = 254;
/** TTL of answers, in seconds. */
const TTL = 5;
const REFUSED = 5;
const UNKNOWN_NAME = 3;

export interface NetworkOptions {
    /** Ports of the Service of this name; undefined if there is no such Service. */
    portsOf(host: string): number[] | undefined;
    /**
     * Port on 127.0.0.1 that emulates a port of the Service with this name. @throws Error if no program listens there
     */
    resolve(host: string, port: number): number | undefined;
    /** Port on 127.0.0.1 that emulates a port of the pod with this address. */
    podPort(address: string, port: number): number | undefined;
    log(line: string): void;
}

export class ClusterNetwork {
    private readonly addresses = new Map<string, string>();
    private readonly open = new Map<string, Promise<NodePort | undefined>>();

    private constructor(
        private readonly options: NetworkOptions,
        private readonly prefix: string,
        private readonly dns: Socket,
        proxy: Server,
        private readonly listening: Listening,
    ) {
        dns.on("message", (message, { address, port }) => void this.answer(message, address, port));
        proxy.on("request", (incoming, outgoing) => this.pass(incoming, outgoing));
    }

    /** @throws Error if the current user has no permission to listen on port 53 */
    static async start(options: NetworkOptions): Promise<ClusterNetwork> {
        const proxy = createServer();
        const listening = await listen(proxy);
        for (;;) {
            // A random prefix, so that parallel worlds have different addresses.
            const prefix = `127.${randomInt(64, 128)}.${randomInt(0, 256)}`;
            const dns = createSocket("udp4");
            try {
                await new Promise<void>((resolve, reject) => {
                    dns.once("error", reject);
                    dns.bind(DNS_PORT, `${prefix}.1`, resolve);
                });
                return new ClusterNetwork(options, prefix, dns, proxy, listening);
            } catch (error) {
                dns.close();
                const { code } = error as NodeJS.ErrnoException;
                if (code === "EADDRINUSE") continue;
                await listening.close();
                throw new Error(
                    `real APISIX: its DNS server cannot listen on port 53 of a loopback address (${code}). ` +
                        "Run as root, or set net.ipv4.ip_unprivileged_port_start to 53.",
                );
            }
        }
    }

    /** Address of the DNS server. It has port 53, because APISIX always uses this port. */
    get dnsAddress(): string {
        return `${this.prefix}.1`;
    }

    /** URL of the HTTP proxy for addresses of pods and names of Services. */
    get proxyUrl(): string {
        return `http://127.0.0.1:${this.listening.port}`;
    }

    /** Loopback address that serves all ports of the Service with this name; undefined if there is no such Service. */
    async addressOf(host: string): Promise<string | undefined> {
        const ports = this.options.portsOf(host);
        if (ports === undefined) return undefined;
        const last = FIRST_HOST + this.addresses.size;
        if (!this.addresses.has(host) && last > LAST_HOST)
            throw new Error(
                `real APISIX: no loopback address is free (all ${LAST_HOST - FIRST_HOST} are used by Services)`,
            );
        const address = this.addresses.get(host) ?? `${this.prefix}.${last}`;
        this.addresses.set(host, address);
        await Promise.all(ports.map((port) => this.forward(host, address, port)));
        return address;
    }

    async close(): Promise<void> {
        await new Promise<void>((resolve) => this.dns.close(() => resolve()));
        await this.listening.close();
        await Promise.all([...this.open.values()].map(async (port) => (await port)?.close()));
    }

    private async forward(host: string, address: string, port: number): Promise<void> {
        const key = `${address}:${port}`;
        const destination = () => {
            try {
                const found = this.options.resolve(host, port);
                return found === undefined ? "none" : { pod: host, port: found };
            } catch {
                return "none";
            }
        };
        const opened =
            this.open.get(key) ??
            openNodePort(port, destination, address).catch((error: Error) => {
                this.options.log(`${host}:${port}: ${error.message}`);
                this.open.delete(key);
                return undefined;
            });
        this.open.set(key, opened);
        await opened;
    }

    private async answer(message: Buffer, address: string, port: number): Promise<void> {
        let query: Packet;
        try {
            query = decode(message);
        } catch {
            return;
        }
        const [question] = query.questions ?? [];
        const base = { type: "response" as const, id: query.id, questions: query.questions };
        const flags = (query.flags ?? 0) & RECURSION_DESIRED;
        const reply = async (): Promise<Packet> => {
            if (!question) return { ...base, flags: flags | REFUSED };
            const found = await this.addressOf(question.name.toLowerCase());
            if (found === undefined) return { ...base, flags: flags | UNKNOWN_NAME };
            const answers = [{ type: "A" as const, name: question.name, ttl: TTL, data: found }];
            return { ...base, flags, answers: question.type === "A" ? answers : [] };
        };
        const packet = encode(await reply());
        // An error of sending is ignored, because the world may already have ended.
        this.dns.send(packet, port, address, () => undefined);
    }

    /** Port on 127.0.0.1 for the address of a pod or the name of a Service. */
    private behind(host: string, port: number): number | undefined {
        try {
            return this.options.podPort(host, port) ?? (this.options.portsOf(host) && this.options.resolve(host, port));
        } catch {
            return undefined;
        }
    }

    private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
        const url = URL.canParse(incoming.url ?? "") ? new URL(incoming.url!) : undefined;
        const port = url && this.behind(url.hostname, Number(url.port || 80));
        // The proxy closes the connection, because there is no such pod or Service.
        if (!url || port === undefined) return void incoming.socket.destroy();
        const { "proxy-connection": _, ...headers } = incoming.headers;
        const path = `${url.pathname}${url.search}`;
        const passed = request({ host: "127.0.0.1", port, method: incoming.method, path, headers }, (response) => {
            outgoing.writeHead(response.statusCode!, response.headers);
            response.pipe(outgoing);
        });
        passed.on("error", () => incoming.socket.destroy());
        incoming.pipe(passed);
    }
}
