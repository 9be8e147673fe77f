/**
 * Counters of the connector, and its HTTP server for health and metrics (cloudflared metrics/metrics.go, readiness.go).
 * Emulated: /ready, /healthcheck, and in /metrics the series that alerts use. Unsupported (501): /config, /quicktunnel,
 * /diag/*, /debug/pprof, the Go runtime's series, and all other paths.
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { listen, type Listening } from "../../processes/listen";

export class Stats {
    totalRequests = 0;
    requestErrors = 0;
    concurrentRequests = 0;
    configVersion = -1;
    readonly responseByCode = new Map<number, number>();
    /** Location of each established connection, by its index. */
    readonly connected = new Map<number, string>();
    /** The last location of each connection by its index, even if the connection is lost (connection/metrics.go). */
    private readonly locations = new Map<number, string>();
    /** Number of connections that are established or being established (supervisor/tunnel.go). */
    haConnections = 0;

    constructor(
        readonly connectorId: string,
        readonly version: string,
    ) {}

    connect(index: number, location: string): void {
        this.connected.set(index, location);
        this.locations.set(index, location);
    }

    answered(status: number): void {
        this.responseByCode.set(status, (this.responseByCode.get(status) ?? 0) + 1);
    }

    ready(): { status: number; readyConnections: number; connectorId: string } {
        const readyConnections = this.connected.size;
        return { status: readyConnections > 0 ? 200 : 503, readyConnections, connectorId: this.connectorId };
    }

    prometheus(): string {
        const series: [name: string, type: string, values: [labels: string, value: number][]][] = [
            ["build_info", "gauge", [[`{goversion="none",revision="sandbox",version="${this.version}"}`, 1]]],
            ["cloudflared_orchestration_config_version", "gauge", [["", this.configVersion]]],
            ["cloudflared_tunnel_concurrent_requests_per_tunnel", "gauge", [["", this.concurrentRequests]]],
            ["cloudflared_tunnel_ha_connections", "gauge", [["", this.haConnections]]],
            ["cloudflared_tunnel_request_errors", "counter", [["", this.requestErrors]]],
            [
                "cloudflared_tunnel_response_by_code",
                "counter",
                [...this.responseByCode].map(([code, count]) => [`{status_code="${code}"}`, count]),
            ],
            [
                "cloudflared_tunnel_server_locations",
                "gauge",
                [...this.locations].map(([i, at]) => [`{connection_id="${i}",edge_location="${at}"}`, 1]),
            ],
            ["cloudflared_tunnel_total_requests", "counter", [["", this.totalRequests]]],
        ];
        return series
            .filter(([, , values]) => values.length > 0)
            .map(([name, type, values]) =>
                [`# TYPE ${name} ${type}`, ...values.map(([labels, value]) => `${name}${labels} ${value}`), ""].join(
                    "\n",
                ),
            )
            .join("");
    }
}

/** Ports that are tried in this order if no address is given. 0 is any free port. */
const DEFAULT_PORTS = [20241, 20242, 20243, 20244, 20245, 0];

export interface MetricsServer {
    address: string;
    port: number;
    close(): Promise<void>;
}

/** @param address `host:port`; undefined for the default addresses */
export async function serveMetrics(stats: Stats, address: string | undefined): Promise<MetricsServer> {
    const server = createServer((request, answer) => {
        const path = (request.url ?? "/").split("?")[0];
        if (path === "/ready") {
            const body = stats.ready();
            return send(answer, body.status, "text/plain; charset=utf-8", JSON.stringify(body));
        }
        if (path === "/healthcheck") return send(answer, 200, "text/plain; charset=utf-8", "OK\n");
        if (path === "/metrics") return send(answer, 200, "text/plain; version=0.0.4", stats.prometheus());
        send(answer, 501, "text/plain; charset=utf-8", `unsupported by the sandbox: ${path}\n`);
    });
    const [host, ports] = address === undefined ? ["localhost", DEFAULT_PORTS] : split(address);
    const { close } = await listenAtFirst(server, host, ports);
    const { address: ip, port, family } = server.address() as AddressInfo;
    return {
        address: family === "IPv6" ? `[${ip}]:${port}` : `${ip}:${port}`,
        port,
        close,
    };
}

function split(address: string): [host: string, ports: number[]] {
    const match = /^\[?([^\]]*?)\]?:(\d*)$/.exec(address);
    if (!match) throw new Error(`listen tcp: address ${address}: missing port in address`);
    return [match[1] || "0.0.0.0", [Number(match[2] || 0)]];
}

/** Listens on the first free port of a list. */
async function listenAtFirst(server: Server, host: string, [port, ...others]: number[]): Promise<Listening> {
    try {
        return await listen(server, port, host);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || others.length === 0) throw error;
        return listenAtFirst(server, host, others);
    }
}

function send(answer: ServerResponse, status: number, type: string, body: string): void {
    answer.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
    answer.end(body);
}
