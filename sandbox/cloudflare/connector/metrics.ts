/**
 * Counters of the connector, and its HTTP server for health and metrics (cloudflared metrics/metrics.go, readiness.go).
 * Emulated: /ready, and in /metrics the series that alerts use. Unsupported (501): all other paths.
 */
import { createServer } from "node:http";
import { listen } from "../../processes/listen";

export class Stats {
    totalRequests = 0;
    requestErrors = 0;
    concurrentRequests = 0;
    configVersion = -1;
    private readonly responseByCode = new Map<number, number>();
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
        const lines: string[] = [];
        const series = (name: string, type: string, ...samples: [labels: string, value: number][]) => {
            if (samples.length > 0) lines.push(`# TYPE ${name} ${type}`);
            for (const [labels, value] of samples) lines.push(`${name}${labels} ${value}`);
        };
        const codes = [...this.responseByCode];
        const locations = [...this.locations];
        series("build_info", "gauge", [`{goversion="none",revision="sandbox",version="${this.version}"}`, 1]);
        series("cloudflared_orchestration_config_version", "gauge", ["", this.configVersion]);
        series("cloudflared_tunnel_concurrent_requests_per_tunnel", "gauge", ["", this.concurrentRequests]);
        series("cloudflared_tunnel_ha_connections", "gauge", ["", this.haConnections]);
        series("cloudflared_tunnel_request_errors", "counter", ["", this.requestErrors]);
        series("cloudflared_tunnel_total_requests", "counter", ["", this.totalRequests]);
        series(
            "cloudflared_tunnel_response_by_code",
            "counter",
            ...codes.map(([code, count]): [string, number] => [`{status_code="${code}"}`, count]),
        );
        series(
            "cloudflared_tunnel_server_locations",
            "gauge",
            ...locations.map(([i, at]): [string, number] => [`{connection_id="${i}",edge_location="${at}"}`, 1]),
        );
        return `${lines.join("\n")}\n`;
    }
}

export interface MetricsServer {
    address: string;
    port: number;
    close(): Promise<void>;
}

/** @param address `host:port`. @default the first port of cloudflared's default range */
export async function serveMetrics(stats: Stats, address = "127.0.0.1:20241"): Promise<MetricsServer> {
    const server = createServer(({ url = "/" }, answer) => {
        const path = url.split("?")[0];
        const ready = stats.ready();
        if (path === "/ready")
            answer.writeHead(ready.status, { "Content-Type": "text/plain" }).end(JSON.stringify(ready));
        else if (path === "/metrics") answer.writeHead(200, { "Content-Type": "text/plain" }).end(stats.prometheus());
        else answer.writeHead(501).end(`unsupported by the sandbox: ${path}\n`);
    });
    const [, host, wanted] = /^(.+):(\d+)$/.exec(address) ?? [];
    if (host === undefined) throw new Error(`listen tcp: address ${address}: must be host:port`);
    const { port, close } = await listen(server, Number(wanted), host);
    return { address: `${host}:${port}`, port, close };
}
