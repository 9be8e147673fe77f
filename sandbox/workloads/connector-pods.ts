/**
 * Runs pods of cloudflared 2026.8.2 with the connector emulator (see cloudflare/connector) or the real program. Each pod has
 * one connector, which starts when the pod's token exists, and ends with the pod's grace period. Its edge is the world's
 * emulated edge, at a given address instead of the one in DNS.
 *
 * Emulated: arguments, plain variables, the token's file from a Secret. Unsupported, also with the real program: options that
 * the emulator's command line rejects, a token in the environment or in arguments, variables with valueFrom.
 * Known differences: a ready pod stays ready when its connector loses the edge; a pod with an invalid token waits instead of
 * ending.
 */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import {
    parseArguments,
    parseToken,
    UsageError,
    type RunArguments,
    type TunnelToken,
} from "../cloudflare/connector/arguments";
import { Connector } from "../cloudflare/connector/connector";
import { createLog } from "../cloudflare/connector/log";
import { serveMetrics } from "../cloudflare/connector/metrics";
import type { Resolve } from "../cloudflare/connector/proxy";
import type { EdgePlace } from "../cloudflare/edge/server";
import { RealCloudflared, startConnectorProxy } from "../real/cloudflared";
import type { Found } from "../real/parts";
import { folderOf, type Ground } from "../real/run";
import type { SocksProxy } from "../real/socks";
import { decoded, type Snapshot } from "./cluster";
import { CLOUDFLARED, image, runs } from "./pods/images";

/** Why a container of cloudflared is unsupported; undefined if it is supported. */
export function connectorProblem(container: V1Container, edge: string | undefined): string | undefined {
    if (!CLOUDFLARED.test(container.image!)) return undefined;
    if (edge === undefined)
        return "this sandbox has no Cloudflare edge for connectors. Start the sandbox with --exposure tunnel.";
    try {
        const { token, tokenFile } = argumentsOf(container, edge);
        if (token !== undefined) return "the sandbox's cloudflared reads its token only from a file";
        if (tokenFile === undefined) return "the sandbox's cloudflared needs the variable TUNNEL_TOKEN_FILE";
        return undefined;
    } catch (error) {
        if (error instanceof UsageError) return error.message;
        throw error;
    }
}

function argumentsOf({ command, args = [], env = [] }: V1Container, edge: string): RunArguments {
    if (command) throw new UsageError(`unsupported by the sandbox: command ${command[0]}`);
    const foreign = env.find(({ valueFrom }) => valueFrom);
    if (foreign) throw new UsageError(`unsupported by the sandbox: ${foreign.name} with valueFrom`);
    // The image's entry point is the program with --no-autoupdate.
    const variables = Object.fromEntries(env.map(({ name, value = "" }) => [name, value]));
    return parseArguments(["--no-autoupdate", ...args], { ...variables, TUNNEL_EDGE: edge });
}

/** `host:port` of the edge, for the connector's command line. */
export const addressOf = ({ connectorPort }: EdgePlace): string => `127.0.0.1:${connectorPort}`;

/** Content of a file that a container mounts from a Secret; undefined if no Secret has it. */
function fileOf(pod: V1Pod, container: V1Container, path: string, now: Snapshot): string | undefined {
    const mount = container.volumeMounts?.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
    const volume = pod.spec!.volumes?.find(({ name }) => name === mount?.name)?.secret;
    const secret = now.secrets.find(
        ({ metadata }) => metadata!.name === volume?.secretName && metadata!.namespace === pod.metadata!.namespace,
    );
    if (!mount || !volume || !secret) return undefined;
    const file = path.slice(mount.mountPath.length + 1);
    const key = volume.items ? volume.items.find((item) => item.path === file)?.key : file;
    return key === undefined ? undefined : decoded(secret)[key];
}

interface ConnectorPodsOptions {
    edge?: EdgePlace;
    resolve: Resolve;
    /** The real cloudflared, and the environment in which it starts. @default the emulator runs instead */
    real?: { found: Found; ground: Ground };
    /** Called when a connector has become ready. */
    changed: () => void;
    log: (line: string) => void;
}

/** The connector of a pod. */
interface RunningConnector {
    connected(): boolean;
    /** Local port of the connector's health and metrics endpoints. */
    metricsPort(): number | undefined;
    stop(graceMilliseconds: number): Promise<unknown>;
    kill(): Promise<void>;
}

interface Running {
    connector: RunningConnector;
    graceMilliseconds: number;
    /** `namespace/name` of the pod. */
    title: string;
    /** Metrics port in the pod, as its arguments set it. */
    port: number;
}

export class ConnectorPods {
    /** Running connectors, by uid of their pod. */
    private readonly running = new Map<string, Running>();
    private proxy?: Promise<SocksProxy>;
    private readonly leaving = new Set<Promise<unknown>>();
    private readonly said = new Set<string>();

    constructor(private readonly options: ConnectorPodsOptions) {}

    async reconcile(now: Snapshot): Promise<void> {
        const pods = now.pods.filter(
            (pod) => runs(pod, CLOUDFLARED) && pod.spec!.nodeName && !pod.metadata!.deletionTimestamp,
        );
        for (const [uid, { connector, graceMilliseconds }] of this.running) {
            if (pods.some((pod) => pod.metadata!.uid === uid)) continue;
            this.running.delete(uid);
            const stopped: Promise<unknown> = connector
                .stop(graceMilliseconds)
                .finally(() => this.leaving.delete(stopped));
            this.leaving.add(stopped);
        }
        for (const pod of pods) if (!this.running.has(pod.metadata!.uid!)) await this.start(pod, now);
    }

    readonly connected = (pod: V1Pod): boolean => this.running.get(pod.metadata!.uid!)?.connector.connected() ?? false;

    /**
     * Local port that emulates the metrics port of a pod; undefined if no connector of the pod has this metrics port.
     */
    podPort(namespace: string, name: string, port: number): number | undefined {
        const all = [...this.running.values()];
        return all.find((one) => one.title === `${namespace}/${name}` && one.port === port)?.connector.metricsPort();
    }

    async close(): Promise<void> {
        await Promise.all([...this.running.values()].map(({ connector }) => connector.kill()));
        this.running.clear();
        await Promise.all(this.leaving);
        await (await this.proxy)?.close();
    }

    private async start(pod: V1Pod, now: Snapshot): Promise<void> {
        const { edge, log } = this.options;
        const container = pod.spec!.containers.find((c) => CLOUDFLARED.test(c.image!))!;
        if (edge === undefined) return;
        const address = addressOf(edge);
        if (connectorProblem(container, address) !== undefined) return;
        const given = argumentsOf(container, address);
        const { tokenFile, graceMilliseconds, metrics = "" } = given;
        const text = fileOf(pod, container, tokenFile!, now);
        const { uid, namespace, name } = pod.metadata!;
        const title = `${namespace}/${name}`;
        const token = text === undefined ? undefined : this.tokenOf(text, title);
        if (token === undefined) return;
        const connector = this.options.real
            ? await this.startReal(pod, container, { edge, title, token: text! })
            : await this.startEmulated(edge, title, token, given);
        const port = Number(metrics.split(":").at(-1));
        this.running.set(uid!, { connector, graceMilliseconds, title, port });
        log(`${title}: a ${this.options.real ? "real cloudflared" : "connector"} runs as ${image(pod, CLOUDFLARED)}`);
    }

    private async startEmulated(
        edge: EdgePlace,
        title: string,
        token: TunnelToken,
        given: RunArguments,
    ): Promise<RunningConnector> {
        const { resolve, changed, log } = this.options;
        const say = createLog((line) => log(`${title}: ${line.trimEnd()}`));
        const ca = edge.certificate.cert;
        const connector = new Connector({ token, edges: given.edges, ca, log: say, resolve, onReady: changed });
        const metrics = await serveMetrics(connector.stats, "127.0.0.1:0");
        connector.start();
        return {
            connected: () => connector.stats.ready().status === 200,
            metricsPort: () => metrics.port,
            stop: (graceMilliseconds) => connector.stop(graceMilliseconds).finally(metrics.close),
            kill: () => connector.kill().finally(metrics.close),
        };
    }

    private async startReal(
        pod: V1Pod,
        { args = [], env = [] }: V1Container,
        more: { edge: EdgePlace; title: string; token: string },
    ): Promise<RunningConnector> {
        const { resolve, changed, real } = this.options;
        this.proxy ??= startConnectorProxy(more.edge, resolve);
        return new RealCloudflared(real!.ground, {
            ...{ ...more, found: real!.found, folder: folderOf(real!.ground, pod.metadata!.uid!), args },
            variables: Object.fromEntries(env.map(({ name, value = "" }) => [name, value])),
            proxyUrl: (await this.proxy).url,
            onReady: changed,
        });
    }

    private tokenOf(text: string, title: string): TunnelToken | undefined {
        try {
            return parseToken(text.trim());
        } catch (error) {
            if (!this.said.has(title)) this.options.log(`${title}: ${(error as Error).message}`);
            this.said.add(title);
            return undefined;
        }
    }
}
