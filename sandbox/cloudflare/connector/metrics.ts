/**
 * Counters of the connector, and its HTTP server for health and metrics (cloudflared metrics/metrics.go, readiness.go).
 * Emulated: /ready, and in /metrics the series that the examples use. Unsupported (501): all other paths.
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

    constructor(readonly connectorId: string) {}

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
        const codes = [...this.responseByCode].map(([code, count]) => [`{status_code="${code}"}`, count] as const);
        const places = [...this.locations].map(
            ([index, place]) => [`{connection_id="${index}",edge_location="${place}"}`, 1] as const,
        );
        const all: [name: string, type: string, samples: (readonly [labels: string, value: number])[]][] = [
            ["concurrent_requests_per_tunnel", "gauge", [["", this.concurrentRequests]]],
            ["request_errors", "counter", [["", this.requestErrors]]],
            ["total_requests", "counter", [["", this.totalRequests]]],
            ["response_by_code", "counter", codes],
            ["server_locations", "gauge", places],
        ];
        const lines = all
            .filter(([, , samples]) => samples.length > 0)
            .flatMap(([name, type, samples]) => [
                `# TYPE cloudflared_tunnel_${name} ${type}`,
                ...samples.map(([labels, value]) => `cloudflared_tunnel_${name}${labels} ${value}`),
            ]);
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
    const server = createServer(({ url }, answer) => {
        const ready = stats.ready();
        if (url === "/ready") answer.writeHead(ready.status).end(JSON.stringify(ready));
        else if (url === "/metrics") answer.setHeader("Content-Type", "text/plain").end(stats.prometheus());
        else answer.writeHead(501).end(`unsupported by the sandbox: ${url}\n`);
    });
    const [host, wanted] = address.split(/:(?=\d+$)/);
    const { port, close } = await listen(server, Number(wanted), host);
    return { address: `${host}:${port}`, port, close };
}
