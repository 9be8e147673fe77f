/** The world a stack is brought up in: a control plane, what plays its workloads, a chart repository, and Alpa. */
import { CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openReader, type Live } from "../../components/kubernetes/cluster-reader";
import { startAlpa, type Seen } from "../alpa/server";
import { startCertManager, type CertManager } from "../cert-manager";
import { startChartRepository } from "../charts/repository";
import { dgxNodes, startControlPlane, type ControlPlane, type NodeShape, type PodPort } from "../control-plane";
import { describeHolder, freePort, SANDBOX_MARK } from "../processes";
import { installPlugins } from "../toolchain/launchers";
import type { EdgePlace } from "../cloudflare/edge/server";
import { realCharts } from "../real/charts";
import { partsOfEnvironment, reportParts, type RealParts } from "../real/choice";
import { startObserver } from "../prometheus/observer";
import type { Answered } from "./tally";
import { startRampart } from "../rampart/main";
import { Rest } from "../rampart/kubernetes/rest";
import type { Toolchain } from "../toolchain/toolchain";
import { startWorkloads, type Workloads, type WorkloadsOptions } from "../workloads";
import { Gpus, type GpuOptions } from "./gpus";
import { refuseStep } from "./owners";
import { preparePulumi, pulumiHome } from "./pulumi";
import { sandboxId, writeFacts, type CloudflareFacts, type ClusterFacts } from "./state";

export interface WorldOptions {
    tools: Toolchain;
    stateDir: string;
    /** How long one answer of Alpa takes, in seconds. @default 0 */
    alpaSeconds?: number;
    /** Port of Alpa, if it is free. @default 20001, as in reality */
    alpaPort?: number;
    /** How often Rampart's controller looks again, in seconds. @default 5; 60 in reality, which every deletion feels */
    watchCycleSeconds?: number;
    /**
     * Whether Rampart is there from the start, or comes with the chart `rampart` of a private repository.
     * @default "installed"
     */
    rampart?: "installed" | PrivateChart;
    /** @default two DGX nodes, and a third one for rehearsals */
    nodes?: NodeShape[];
    /**
     * How long a second of what the cluster does by the clock lasts, in seconds: the end of a pod, the lease of a leader,
     * the time until a lost node is given up.
     * @default 1
     */
    secondLasts?: number;
    /** What is in front of the cluster, and where connectors in it find Cloudflare's edge. Unset: none can run. */
    cloudflare?: { facts: CloudflareFacts; edge: EdgePlace };
    /** Name of a ClusterIssuer of cert-manager, with an authority of its own. @default there is no cert-manager */
    certManager?: string;
    /**
     * GPUs that only one side can hold, and Alpa on bare metal on the nodes with GPUs. @default GPUs are not counted
     */
    gpus?: GpuOptions;
    /** Alpa services, at ports of their own; with `gpus` the first is that on bare metal. @default 1 */
    alpaServices?: number;
    /** Told each request that reached Alpa, and the `host:port` it came to. */
    onAlpaRequest?: (seen: Seen, address: string) => void;
    /** Told each answer to a caller, where a stand-in gives it. */
    onAnswer?: (answered: Answered) => void;
    /** Whether the Prometheus on PATH reads the gateway pods. @default it does not */
    observe?: boolean;
    /** Parts that are the real program instead of a stand-in. @default what ALPA_AUTH_REAL names */
    real?: RealParts;
    log?: (line: string) => void;
}

/** A private repository that asks for these. */
export interface PrivateChart {
    username: string;
    password: string;
}

export interface World {
    facts: ClusterFacts;
    /** Address of the private repository, where there is one. */
    privateRepository?: string;
    tools: Toolchain;
    controlPlane: ControlPlane;
    workloads: Workloads;
    /** Where the world has them. */
    gpus?: Gpus;
    certManager?: CertManager;
    /** Admin access, for tests and tools. */
    kubeConfig: KubeConfig;
    /** Reads one object; undefined when it does not exist. */
    read(apiVersion: string, kind: string, namespace: string | undefined, name: string): Promise<Live | undefined>;
    close(): Promise<void>;
}

/** Starts everything, in the order in which it is needed, and leaves nothing running when a part fails. */
export async function startWorld(options: WorldOptions): Promise<World> {
    const { tools, stateDir, real = partsOfEnvironment(), log = () => undefined } = options;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const env = { ...process.env, [SANDBOX_MARK]: sandboxId(stateDir) };
    const started: { close(): Promise<void> }[] = [];
    const keep = <T extends { close(): Promise<void> }>(part: T): T => (started.push(part), part);
    const close = async () => {
        for (const part of started.reverse()) await part.close();
    };
    let workloads: Workloads | undefined;
    try {
        const nodes = options.nodes ?? dgxNodes(options.gpus?.rehearsal ? 3 : 2);
        const gpus = options.gpus && new Gpus(options.gpus, nodes, stateDir);
        log("control plane");
        const kubeConfig = new KubeConfig();
        const podPort: PodPort = (namespace, pod, port) => workloads?.podPort(namespace, pod, port);
        const controlPlane = keep(
            await startControlPlane({
                tools,
                stateDir,
                env,
                fresh: true,
                nodes,
                podPort,
                log,
            }),
        );
        kubeConfig.loadFromFile(controlPlane.kubeconfigPath);
        if (gpus?.refusedStep) await refuseStep(new Rest(kubeConfig), gpus.refusedStep);
        const first = await portOf(options, 0, log);
        log("workloads");
        const { kubeconfigPath } = controlPlane;
        const rampart = () =>
            startRampart({
                kubeConfigPath: kubeconfigPath,
                helmPath: tools.helm,
                stateDir: join(stateDir, "rampart"),
                watchCycleSeconds: options.watchCycleSeconds ?? 5,
                log,
            });
        const auth = typeof options.rampart === "object" ? options.rampart : undefined;
        const programs = auth ? [{ image: /^rampart\.invalid\/controller:/, start: rampart }] : [];
        const clock = { secondLasts: options.secondLasts ?? 1 };
        const edge = options.cloudflare?.edge;
        const ofPods = gpus?.workloads({ port: first, seconds: options.alpaSeconds }, env);
        const ofReal = { parts: real, ground: { stateDir, env, log }, etcd: tools.etcd };
        const onAnswer: WorkloadsOptions["onAnswer"] = (answered) =>
            options.onAnswer?.({ place: "gateway", ...answered });
        const played = { programs, edge, clock, stateDir, gpus: ofPods, real: ofReal, onAnswer };
        workloads = keep(await startWorkloads({ kubeConfig, controlPlane, log, ...played }));
        let prometheus: string | undefined;
        if (options.observe) {
            log("Prometheus");
            const pods = () => allPods(kubeConfig);
            prometheus = keep(await startObserver({ pods, podPort: workloads.podPort, stateDir, log })).url;
        }
        log("chart repository");
        const repository = { helmPath: tools.helm, stateDir };
        const offered = { kuberayCrds: gpus?.crds, real: real.charts && (await realCharts(real.charts, tools.helm)) };
        const charts = keep(await startChartRepository({ ...repository, name: "charts", ...offered }));
        const priv =
            auth &&
            keep(await startChartRepository({ ...repository, name: "private-charts", offers: "rampart", auth }));
        if (!auth) {
            log("Rampart");
            keep(await rampart());
        }
        let certManager: CertManager | undefined;
        if (options.certManager !== undefined) {
            log("cert-manager");
            const found = real["cert-manager"];
            const ofReal = found && { found, ground: { stateDir, env, log }, kubeconfigPath };
            certManager = keep(await startCertManager({ kubeConfig, issuer: options.certManager, real: ofReal, log }));
        }
        log("Alpa");
        const alpas: string[] = [];
        for (let i = 0; i < (options.alpaServices ?? 1); i++) {
            const port = i === 0 ? first : await portOf(options, i, log);
            const onRequest = (seen: Seen) => options.onAlpaRequest?.(seen, alpas[i]);
            const own = { port, seconds: options.alpaSeconds, onRequest };
            alpas.push(`127.0.0.1:${port}`);
            keep(i === 0 && gpus ? await gpus.startBareMetal(own, log) : await startAlpa(own));
        }
        const facts: ClusterFacts = {
            kubeconfig: kubeconfigPath,
            ...(options.cloudflare ? { cloudflare: options.cloudflare.facts } : {}),
            chartRepository: charts.url,
            alpa: alpas[0],
            alpas,
            ...(gpus ? { gpus: gpus.facts() } : {}),
            ...(prometheus === undefined ? {} : { prometheus }),
            stackFiles: join(stateDir, "stack-files"),
            bin: join(stateDir, "bin"),
            parts: reportParts(real),
            ...pulumiOf(tools, stateDir, real),
        };
        preparePulumi(stateDir, facts);
        writeFacts(stateDir, "world", facts);
        const reader = openReader({ kubeconfig: controlPlane.adminKubeConfig });
        const read: World["read"] = (apiVersion, kind, namespace, name) =>
            reader({ apiVersion, kind, namespace, name });
        const parts = { controlPlane, workloads, gpus, certManager };
        return { facts, privateRepository: priv?.url, tools, ...parts, kubeConfig, read, close };
    } catch (error) {
        await close().catch((closing: Error) => log(closing.message));
        throw error;
    }
}

/** What a Prometheus in the cluster would find by its discovery. */
export async function allPods(kubeConfig: KubeConfig): Promise<V1Pod[]> {
    return (await kubeConfig.makeApiClient(CoreV1Api).listPodForAllNamespaces()).items;
}

/** A free port for one of the Alpa services, the wanted one where that is free. */
async function portOf({ alpaPort = 20001 }: WorldOptions, index: number, log: (line: string) => void): Promise<number> {
    const wanted = alpaPort === 0 ? undefined : alpaPort + index;
    const port = await freePort(wanted);
    if (wanted !== undefined && port !== wanted) log(`${describeHolder(wanted)}; Alpa is on ${port}`);
    return port;
}

/** The Pulumi to run: the official one as it is, or the one built here with its plugins laid out as if installed. */
export function pulumiOf(
    tools: Toolchain<"pulumi">,
    stateDir: string,
    real: RealParts,
): Pick<ClusterFacts, "pulumi" | "pluginDir"> {
    if (!tools.pluginDir) return { pulumi: tools.pulumi };
    const cloudflare = real["cloudflare-provider"]?.paths.program;
    const pluginDir = installPlugins(pulumiHome(stateDir), tools.pluginDir, cloudflare ? { cloudflare } : {});
    return { pulumi: join(pluginDir, "pulumi"), pluginDir };
}
