/**
 * Starts a real cloudflared for a pod, with the arguments and variables of the container. Only these values are
 * changed:
 * - the address of the metrics, and the path of the token
 * - the address and the CA of the edge, with cloudflared's hidden flags `--edge` and `--cacert`
 * - the protocol: the sandbox's edge requires HTTP/2
 * cloudflared reaches the team's domain and the DNS names of the cluster through a proxy.
 */
import { join } from "node:path";
import { writeSecret } from "../control-plane/secret-file";
import { edgeVariables, type EdgePlace } from "../cloudflare/edge/server";
import { freePort } from "../processes";
import type { Found } from "./parts";
import { startProgram, type Ground } from "./run";
import { startSocks, type Destination, type SocksProxy } from "./socks";

/** Interval of the readiness checks, in milliseconds. */
const LOOK_MS = 250;
/** Longest wait for one answer of a readiness check, in milliseconds. */
const ANSWER_MS = 2000;
/** Time from the end of cloudflared's grace period until it is killed, in seconds. */
const MARGIN_SECONDS = 5;

/**
 * Starts the proxy through which real connectors connect to the team's domain, and to the names that `others` resolves.
 */
export function startConnectorProxy(
    { teamDomainTls }: EdgePlace,
    others: Destination = () => undefined,
): Promise<SocksProxy> {
    const { name, port } = teamDomainTls;
    return startSocks((host, asked) => {
        if (host === name && asked === 443) return port;
        // curl on a host uses this proxy too, and requests the IP address of the team's domain instead of its name.
        if (host === "127.0.0.1" && asked === port) return port;
        return others(host, asked);
    });
}

/** Environment variables with which a real cloudflared finds the emulated edge and the proxy. */
export function realVariables(edge: EdgePlace, certificateFile: string, proxyUrl: string): Record<string, string> {
    return {
        ...edgeVariables(edge, certificateFile),
        TUNNEL_TRANSPORT_PROTOCOL: "http2",
        SSL_CERT_FILE: certificateFile,
        HTTPS_PROXY: proxyUrl,
        HTTP_PROXY: proxyUrl,
    };
}

interface CloudflaredOptions {
    found: Found;
    /** `namespace/name` of the pod. */
    title: string;
    folder: string;
    /** Arguments and variables of the container. */
    args: readonly string[];
    variables: Record<string, string>;
    token: string;
    edge: EdgePlace;
    proxyUrl: string;
    /** Called when cloudflared has become ready. */
    onReady: () => void;
}

export class RealCloudflared {
    private ready = false;
    private port: number | undefined;
    private readonly over = new AbortController();
    private readonly started;

    constructor(ground: Ground, options: CloudflaredOptions) {
        this.started = this.start(ground, options);
        this.started.catch((error: Error) => ground.log(`${options.title}: cloudflared: ${error.message}`));
    }

    connected(): boolean {
        return this.ready;
    }

    metricsPort(): number | undefined {
        return this.port;
    }

    /** Ends cloudflared, which finishes requests in progress within the grace period. */
    async stop(graceMilliseconds: number): Promise<void> {
        await this.end(graceMilliseconds / 1000 + MARGIN_SECONDS);
    }

    kill(): Promise<void> {
        return this.end(0);
    }

    private async end(graceSeconds: number): Promise<void> {
        this.ready = false;
        this.over.abort();
        await (await this.started.catch(() => undefined))?.stop({ graceSeconds });
    }

    private async start(ground: Ground, options: CloudflaredOptions) {
        const { found, title, folder, args, variables, token, edge, proxyUrl, onReady } = options;
        this.port = await freePort();
        const metrics = `127.0.0.1:${this.port}`;
        const certificateFile = join(folder, "cloudflare.crt");
        writeSecret(certificateFile, edge.certificate.cert);
        writeSecret(join(folder, "token"), token);
        const env = {
            ...variables,
            TUNNEL_TOKEN_FILE: join(folder, "token"),
            ...realVariables(edge, certificateFile, proxyUrl),
        };
        const command = [found.paths.program, "--no-autoupdate", ...withMetrics(args, metrics)];
        const started = await startProgram(ground, { name: `cloudflared ${title}`, command, folder, env });
        void started.exited.then(({ code }) => {
            if (!this.over.signal.aborted)
                ground.log(`${title}: cloudflared has ended with exit code ${code}. See ${started.logFile}`);
            this.over.abort();
        });
        void this.watch(metrics).then((ready) => {
            this.ready = ready;
            if (ready) onReady();
        });
        return started;
    }

    /** Waits until cloudflared is ready. @returns false if it ended before */
    private async watch(metrics: string): Promise<boolean> {
        const { signal } = this.over;
        while (!signal.aborted) {
            try {
                const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
                if ((await fetch(`http://${metrics}/ready`, { signal: limit })).ok) return !signal.aborted;
            } catch {
                // cloudflared does not listen yet.
            }
            await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        }
        return false;
    }
}

/**
 * Changes the address of the metrics, so that it is different for each pod. All pods share the ports of this machine.
 */
function withMetrics(args: readonly string[], address: string): string[] {
    const at = args.indexOf("--metrics");
    if (at >= 0) return args.map((word, i) => (i === at + 1 ? address : word));
    return args.map((word) => (word.startsWith("--metrics=") ? `--metrics=${address}` : word));
}
