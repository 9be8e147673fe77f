/** The world of a stack: a control plane, emulated workloads, a chart repository, and Alpa. */
import { CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openReader, type Live } from "../../components/kubernetes/cluster-reader";
import { startAlpa, type Seen } from "../alpa/server";
import { startOpenAiServer, type OpenAiServerOptions } from "../openai/server";
import { startCertManager, type CertManager } from "../real/cert-manager-issuer";
import { startChartRepository } from "../charts/repository";
import { dgxNodes, startControlPlane, type ControlPlane, type NodeShape, type PodPort } from "../control-plane";
import { describeHolder, freePort, SANDBOX_MARK } from "../processes";
import { installPlugins, sdkVersion } from "../toolchain/launchers";
import type { EdgePlace } from "../cloudflare/edge/server";
import { realCharts } from "../real/charts";
import { partsOfEnvironment, reportParts, type RealParts } from "../real/choice";
import { startLlama } from "../real/llama";
import type { Ground } from "../real/run";
import { startObserver } from "../prometheus/observer";
import type { Answered } from "./tally";
import { startRampart } from "../rampart/main";
import type { Toolchain } from "../toolchain/toolchain";
import { startWorkloads, type Workloads, type WorkloadsOptions } from "../workloads";
import { Gpus, type GpuOptions } from "./gpus";
import { preparePulumi, pulumiHome } from "./pulumi";
import { together, type Keep } from "./together";
import { sandboxId, writeFacts, type CloudflareFacts, type ClusterFacts } from "./state";

export interface WorldOptions {
    tools: Toolchain;
    /**
     * Resolves with Pulumi as soon as Pulumi is available, possibly after the start of the world.
     * @default returns the Pulumi in `tools`
     */
    pulumi?: () => Promise<Toolchain<"pulumi">>;
    stateDir: string;
    /** Duration of one answer of Alpa, in seconds. @default 0 */
    alpaSeconds?: number;
    /** Port of Alpa, if it is free. @default 20001, as in reality */
    alpaPort?: number;
    /**
     * Duration of a watch of the emulated Rampart controller, in seconds. In the real controller a watch takes 60 s, which
     * delays every deletion. @default 5
     */
    watchCycleSeconds?: number;
    /**
     * "installed": Rampart is pre-installed. Otherwise, the stack installs Rampart from this private chart repository.
     * @default "installed"
     */
    rampart?: "installed" | PrivateChart;
    /** Nodes of the cluster. @default two DGX nodes */
    nodes?: NodeShape[];
    /**
     * Real seconds for one second of timers in the cluster, for example the end of a pod, the lease of a leader, or the time
     * until a node is treated as lost.
     * @default 1
     */
    secondLasts?: number;
    /**
     * Cloudflare in front of the cluster: facts of the account, and the edge to which connectors connect. Unset if the world
     * has no Cloudflare.
     */
    cloudflare?: { facts: CloudflareFacts; edge: EdgePlace };
    /**
     * Name of a ClusterIssuer that is created with a new CA, if the real cert-manager is chosen. @default no cert-manager
     */
    certManager?: string;
    /**
     * Emulates GPUs, which either pods or bare metal can use, and Alpa on bare metal on the nodes with GPUs.
     * @default GPU requests of pods are ignored
     */
    gpus?: GpuOptions;
    /** Number of Alpa services, each with its own port. With `gpus`, the first one runs on bare metal. @default 1 */
    alpaServices?: number;
    /** Starts an emulated vLLM with these options instead of Alpa, on its port 8000 if that is free. @default Alpa */
    openai?: Omit<OpenAiServerOptions, "port">;
    /** Called with each request to Alpa. `address` is the `host:port` of the Alpa service that received the request. */
    onAlpaRequest?: (seen: Seen, address: string) => void;
    /** Called with each answer that an emulator sends to a caller. */
    onAnswer?: (answered: Answered) => void;
    /** Whether to start the Prometheus on PATH, which then reads the metrics of the gateway pods. @default false */
    observe?: boolean;
    /** Parts that are the real program instead of an emulator. @default what ALPA_AUTH_REAL names */
    real?: RealParts;
    log?: (line: string) => void;
}

/** Credentials of a private repository. */
interface PrivateChart {
    username: string;
    password: string;
}

export interface World {
    facts: ClusterFacts;
    /** Address of the private chart repository; unset if there is none. */
    privateRepository?: string;
    tools: Toolchain;
    controlPlane: ControlPlane;
    workloads: Workloads;
    /** Set if the world has GPUs. */
    gpus?: Gpus;
    /** Set if the world has the real cert-manager. */
    certManager?: CertManager;
    /** Kubeconfig with all permissions, for tests and tools. */
    kubeConfig: KubeConfig;
    /** Reads one object from the API server; undefined if it does not exist. */
    read(apiVersion: string, kind: string, namespace: string | undefined, name: string): Promise<Live | undefined>;
    close(): Promise<void>;
}

/** Starts all parts in order. If one fails, those that were started are ended. */
export async function startWorld(options: WorldOptions): Promise<World> {
    const { tools, stateDir, real = partsOfEnvironment(), log = () => undefined } = options;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const env = { ...process.env, [SANDBOX_MARK]: sandboxId(stateDir) };
    const ground: Ground = { stateDir, env, log };
    return together(log, async (keep, close) => {
        const nodes = options.nodes ?? dgxNodes();
        const gpus = options.gpus && new Gpus(options.gpus, nodes, stateDir);
        const running: { workloads?: Workloads } = {};
        const podPort: PodPort = (namespace, pod, port) => running.workloads?.podPort(namespace, pod, port);
        log("control plane");
        const controlPlane = keep(await startControlPlane({ tools, ...ground, nodes, podPort }));
        const { kubeconfigPath } = controlPlane;
        const kubeConfig = new KubeConfig();
        kubeConfig.loadFromFile(kubeconfigPath);
        const alpaPort = await portOf(options, 0, log);
        log("workloads");
        const rampart = () => rampartOf(options, kubeconfigPath);
        const emulated = emulatedOptions(options, ground, { real, gpus, alpaPort, rampart });
        const workloads = keep(await startWorkloads({ kubeConfig, controlPlane, ...emulated }));
        running.workloads = workloads;
        const prometheus = options.observe ? keep(await observerOf(kubeConfig, workloads, ground)) : undefined;
        const repositories = await startRepositories(keep, options, real, gpus);
        if (!authOf(options)) {
            log("Rampart");
            keep(await rampart());
        }
        const certManager = await startIssuer(keep, options, { real, ground, kubeConfig, kubeconfigPath });
        const alpas = await startModel(keep, options, { gpus, first: alpaPort, real, ground });
        const facts: ClusterFacts = {
            kubeconfig: kubeconfigPath,
            ...(options.cloudflare ? { cloudflare: options.cloudflare.facts } : {}),
            chartRepository: repositories.charts.url,
            alpa: alpas[0],
            alpas,
            ...(gpus ? { gpus: gpus.facts() } : {}),
            ...(prometheus ? { prometheus: prometheus.url } : {}),
            stackFiles: join(stateDir, "stack-files"),
            bin: join(stateDir, "bin"),
            parts: reportParts(real),
            ...pulumiOf(options.pulumi ? await options.pulumi() : tools, stateDir, real),
        };
        preparePulumi(stateDir, facts);
        writeFacts(stateDir, "world", facts);
        const reader = openReader({ kubeconfig: controlPlane.adminKubeConfig });
        const read: World["read"] = (apiVersion, kind, namespace, name) =>
            reader({ apiVersion, kind, namespace, name });
        const parts = { controlPlane, workloads, gpus, certManager };
        return { facts, privateRepository: repositories.private?.url, tools, ...parts, kubeConfig, read, close };
    });
}

/** Credentials of the private repository; undefined if Rampart is pre-installed. */
function authOf({ rampart }: WorldOptions): PrivateChart | undefined {
    return typeof rampart === "object" ? rampart : undefined;
}

function rampartOf({ tools, stateDir, watchCycleSeconds = 5, log }: WorldOptions, kubeConfigPath: string) {
    const helm = { helmPath: tools.helm, stateDir: join(stateDir, "rampart") };
    return startRampart({ kubeConfigPath, ...helm, watchCycleSeconds, log });
}

interface ForWorkloads {
    real: RealParts;
    gpus: Gpus | undefined;
    alpaPort: number;
    rampart: () => Promise<{ close(): Promise<void> }>;
}

function emulatedOptions(
    options: WorldOptions,
    ground: Ground,
    { real, gpus, alpaPort, rampart }: ForWorkloads,
): Omit<WorkloadsOptions, "kubeConfig" | "controlPlane"> {
    const { stateDir, env, log } = ground;
    return {
        log,
        stateDir,
        rampart: authOf(options) && rampart,
        edge: options.cloudflare?.edge,
        clock: { secondLasts: options.secondLasts ?? 1 },
        gpus: gpus?.workloads({ port: alpaPort, seconds: options.alpaSeconds }, env),
        real: { parts: real, ground, etcd: options.tools.etcd },
        onAnswer: (answered) => options.onAnswer?.({ place: "gateway", ...answered }),
    };
}

function observerOf(kubeConfig: KubeConfig, { podPort }: Workloads, { stateDir, log }: Ground) {
    log("Prometheus");
    return startObserver({ pods: () => allPods(kubeConfig), podPort, stateDir, log });
}

async function startRepositories(keep: Keep, options: WorldOptions, real: RealParts, gpus: Gpus | undefined) {
    const { tools, stateDir, log } = options;
    log?.("chart repository");
    const repository = { helmPath: tools.helm, stateDir };
    const offered = { kuberayCrds: gpus?.crds, real: real.charts && (await realCharts(real.charts, tools.helm)) };
    const charts = keep(await startChartRepository({ ...repository, name: "charts", ...offered }));
    const auth = authOf(options);
    if (!auth) return { charts };
    const own = await startChartRepository({ ...repository, name: "private-charts", offers: "rampart", auth });
    return { charts, private: keep(own) };
}

interface ForIssuer {
    real: RealParts;
    ground: Ground;
    kubeConfig: KubeConfig;
    kubeconfigPath: string;
}

/** Starts cert-manager with an issuer, if both are requested. */
async function startIssuer(
    keep: Keep,
    { certManager: issuer }: WorldOptions,
    { real, ground, kubeConfig, kubeconfigPath }: ForIssuer,
): Promise<CertManager | undefined> {
    const found = real["cert-manager"];
    if (issuer === undefined || found === undefined) return undefined;
    ground.log("cert-manager");
    return keep(await startCertManager(ground, { kubeConfig, kubeconfigPath, issuer, found }));
}

interface ForModel {
    gpus: Gpus | undefined;
    /** Port of the first Alpa service. */
    first: number;
    real: RealParts;
    ground: Ground;
}

/** Starts the servers of the model. @returns `host:port` of each server */
async function startModel(
    keep: Keep,
    options: WorldOptions,
    { gpus, first, real, ground }: ForModel,
): Promise<string[]> {
    const { alpaSeconds: seconds } = options;
    const { log } = ground;
    if (options.openai) {
        const server = { ...options.openai, port: await freePort(VLLM_PORT) };
        log(real.llama ? "llama.cpp" : "vLLM");
        keep(await (real.llama ? startLlama(ground, real.llama, server) : startOpenAiServer(server)));
        return [`127.0.0.1:${server.port}`];
    }
    log("Alpa");
    const alpas: string[] = [];
    for (let i = 0; i < (options.alpaServices ?? 1); i++) {
        const port = i === 0 ? first : await portOf(options, i, log);
        const address = `127.0.0.1:${port}`;
        const own = { port, seconds, onRequest: (seen: Seen) => options.onAlpaRequest?.(seen, address) };
        alpas.push(address);
        keep(i === 0 && gpus ? await gpus.startBareMetal(own, log) : await startAlpa(own));
    }
    return alpas;
}

/** Default port of `vllm serve`. */
const VLLM_PORT = 8000;

/** All pods of the cluster, as the Kubernetes service discovery of a Prometheus would find them. */
async function allPods(kubeConfig: KubeConfig): Promise<V1Pod[]> {
    return (await kubeConfig.makeApiClient(CoreV1Api).listPodForAllNamespaces()).items;
}

/** A port for one of the Alpa services: the wanted one if it is free, otherwise any free one. */
async function portOf({ alpaPort = 20001 }: WorldOptions, index: number, log: (line: string) => void): Promise<number> {
    const wanted = alpaPort === 0 ? undefined : alpaPort + index;
    const port = await freePort(wanted);
    if (wanted !== undefined && port !== wanted) log(`${describeHolder(wanted)}; Alpa uses port ${port} instead`);
    return port;
}

/**
 * Returns the Pulumi to run. An official Pulumi is used unchanged. For the sandbox's own Pulumi, the plugins are
 * arranged first, as an installation would arrange them.
 */
export function pulumiOf(
    tools: Toolchain<"pulumi">,
    stateDir: string,
    real: RealParts,
): Pick<ClusterFacts, "pulumi" | "pluginDir" | "olderProvider"> {
    if (!tools.pluginDir) return { pulumi: tools.pulumi };
    const provider = tools.found.find(({ name }) => name === "pulumi-resource-kubernetes");
    const olderProvider = provider?.version === sdkVersion("kubernetes") ? undefined : provider?.version;
    const cloudflare = real["cloudflare-provider"]?.paths.program;
    const pluginDir = installPlugins(pulumiHome(stateDir), tools.pluginDir, cloudflare ? { cloudflare } : {});
    return { pulumi: join(pluginDir, "pulumi"), pluginDir, olderProvider };
}
