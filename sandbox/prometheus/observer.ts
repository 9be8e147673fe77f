/**
 * Runs a Prometheus for a world. It reads the metrics of gateway and connector pods, and loads this repository's alerts.
 *
 * Pods of a world have no network. Therefore Prometheus does not use its Kubernetes service discovery: a small server lists the
 * pods for HTTP service discovery, with the local ports of their emulators. Like the usual Prometheus configuration, it reads
 * the annotations prometheus.io/scrape, prometheus.io/port and prometheus.io/path.
 *
 * Unsupported: network policies are not enforced, PodMonitors have no effect.
 */
import { createServer } from "node:http";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { startPrometheus, type Prometheus } from "./server";
import { listen } from "../processes/listen";

/** The rule file that operators load. */
const RULES = join(__dirname, "../../docs/examples/prometheus/alpa-auth.rules.yml");
/** Scrape interval in real seconds. The gateways refresh their metrics every 15 s of the world's clock. */
const INTERVAL_SECONDS = 5;

interface ObserverOptions {
    /** Returns all current pods. */
    pods(): Promise<V1Pod[]>;
    /** Local port on which an emulator serves a port of a pod; undefined if the pod is unreachable. */
    podPort(namespace: string, pod: string, port: number): number | undefined;
    /** Folder of the sandbox. */
    stateDir: string;
    /** @default 5 */
    intervalSeconds?: number;
    log: (line: string) => void;
}

/** A group of targets in the format of Prometheus. */
interface Target {
    targets: string[];
    labels: Record<string, string>;
}

/** @throws Error if Prometheus is not on PATH or does not start */
export async function startObserver(options: ObserverOptions): Promise<Prometheus> {
    const { stateDir, intervalSeconds = INTERVAL_SECONDS } = options;
    const discovery = await serveTargets(options);
    try {
        const folder = join(stateDir, "prometheus");
        const reads = { url: discovery.url, intervalSeconds };
        const prometheus = await startPrometheus({ folder, rules: [RULES], discovery: reads, stateDir });
        const close = async () => {
            await prometheus.close();
            discovery.close();
        };
        return { url: prometheus.url, close };
    } catch (error) {
        discovery.close();
        throw error;
    }
}

async function serveTargets({ pods, podPort, log }: ObserverOptions) {
    const server = createServer((_, answer) => {
        pods().then(
            (all) => {
                const found = all.flatMap((pod) => targetOf(pod, podPort) ?? []);
                answer.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(found));
            },
            (error: Error) => {
                log(`Prometheus: the pods cannot be listed (${error.message})`);
                answer.writeHead(503).end();
            },
        );
    });
    const { port, close } = await listen(server);
    return { url: `http://127.0.0.1:${port}`, close };
}

/** Scrape target of a pod; undefined if its annotations request no scraping, or if it is unreachable. */
function targetOf({ metadata }: V1Pod, podPort: ObserverOptions["podPort"]): Target | undefined {
    const { name = "", namespace = "", annotations = {} } = metadata ?? {};
    if (annotations["prometheus.io/scrape"] !== "true") return undefined;
    const port = Number(annotations["prometheus.io/port"]);
    const local = podPort(namespace, name, port);
    if (local === undefined) return undefined;
    const labels = { __metrics_path__: annotations["prometheus.io/path"] ?? "/metrics", instance: name, namespace };
    return { targets: [`127.0.0.1:${local}`], labels };
}
