/**
 * A real Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok for
 * nodes and containers. All rules of the API are real (validation, admission, RBAC, ownership, scheduling); only the nodes are
 * emulated. There is no kube-proxy, no DNS and no pod network; see service-proxy.ts and workloads/.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { freePort, lastLines, spawnTracked, waitFor, type TrackedProcess } from "../processes";
import { call, ensure, type Api } from "./api";
import * as args from "./arguments";
import { kubeconfig } from "./kubeconfig";
import { startKubelet, type PodPort } from "./kubelet";
import { dgxNodes, nodeObject, type NodeShape } from "./nodes";
import { makePki, type Identity, type Pki } from "./pki";
import { writeSecret } from "./secret-file";
import { startServiceProxy } from "./service-proxy";
import { kwokStages } from "./stages";

/** Paths of the programs. */
interface ControlPlaneTools {
    etcd: string;
    "kube-apiserver": string;
    "kube-controller-manager": string;
    "kube-scheduler": string;
    kwok: string;
}

interface ControlPlaneOptions {
    tools: ControlPlaneTools;
    /** State directory, for certificates, etcd's data, logs and the list of processes. */
    stateDir: string;
    /** Environment of the programs. It must have the variable ALPA_AUTH_SANDBOX. @default the environment of this process */
    env?: NodeJS.ProcessEnv;
    /** Nodes of the cluster. @default two DGX nodes */
    nodes?: NodeShape[];
    /**
     * Returns the local port to which a port of a pod is forwarded. @default always undefined, so that every port of a pod
     * seems closed
     */
    podPort?: PodPort;
    log?: (line: string) => void;
}

export interface ControlPlane {
    server: string;
    /** File with the administrator's kubeconfig, which only this user can read. */
    kubeconfigPath: string;
    /** Text of the administrator's kubeconfig. */
    adminKubeConfig: string;
    /** Returns a kubeconfig for another user, with a certificate of its own. RBAC decides its permissions. */
    userKubeconfig(who: Identity, options?: { contexts?: string[]; namespace?: string }): Promise<string>;
    /** Returns a kubeconfig that authenticates with a token, for example of a ServiceAccount. */
    tokenKubeconfig(token: string, options?: { contexts?: string[]; namespace?: string }): string;
    /** Stops all programs in order. */
    close(): Promise<void>;
}

/** Longest wait for the readiness of one program, in seconds. Measured: 0.4 (etcd) and 3 (kube-apiserver) on two busy cores. */
const READY_SECONDS = 60;

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
    const { tools, stateDir, env, log = () => undefined } = options;
    const home = join(stateDir, "control-plane");
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const pki = await makePki(join(home, "pki"));
    const ports = await choosePorts();
    const server = `https://127.0.0.1:${ports.apiserver}`;
    const paths = await writeFiles(home, pki, ports, server);
    const admin = await pki.client({ user: "sandbox-admin", groups: ["system:masters"] });
    const api: Api = { server, caCert: pki.caCert, credential: admin };
    const adminKubeConfig = kubeconfig({ server, caCert: pki.caCert, user: "sandbox-admin", credential: admin });
    const kubeconfigPath = join(home, "admin.kubeconfig");
    writeSecret(kubeconfigPath, adminKubeConfig);

    const started: TrackedProcess[] = [];
    let closing = false;
    const proxy = await startServiceProxy({
        port: ports.serviceProxy,
        pki,
        kubelet: ports.kubelet,
        log,
    });
    const kubelet = await startKubelet({ port: ports.kubelet, pki, podPort: options.podPort ?? (() => undefined) });
    const start: Start = async (name, programArgs) => {
        const logFile = join(home, "logs", `${name}.log`);
        const program = await spawnTracked({ name, command: tools[name], args: programArgs, env, logFile, stateDir });
        started.push(program);
        void program.exited.then(({ code, signal }) => {
            if (!closing)
                log(`${name} has exited unexpectedly (${signal ?? code}). End of its log:\n${lastLines(logFile)}`);
        });
        return program;
    };
    const close = async () => {
        closing = true;
        for (const program of started.reverse()) {
            log(`stopping ${program.name}`);
            await program.stop();
        }
        await Promise.all([proxy.close(), kubelet.close()]);
    };

    try {
        await startAll(start, { pki, ports, paths, api }, options.nodes ?? dgxNodes());
    } catch (error) {
        await close().catch((closing: Error) => log(closing.message));
        throw error;
    }
    const common = { server, caCert: pki.caCert };
    return {
        server,
        kubeconfigPath,
        adminKubeConfig,
        userKubeconfig: async (who, more) =>
            kubeconfig({ ...common, ...more, user: who.user, credential: await pki.client(who) }),
        tokenKubeconfig: (token, more) => kubeconfig({ ...common, ...more, user: "token", credential: { token } }),
        close,
    };
}

type Start = (name: keyof ControlPlaneTools, programArgs: string[]) => Promise<TrackedProcess>;

interface Place {
    pki: Pki;
    ports: args.Ports;
    paths: args.Paths;
    api: Api;
}

/** Starts each program when the programs that it needs are ready, and waits until pods can be created. */
async function startAll(start: Start, { pki, ports, paths, api }: Place, nodes: NodeShape[]): Promise<void> {
    const etcd = await start("etcd", args.etcdArguments(pki, ports, paths));
    const apiserver = await start("kube-apiserver", args.apiserverArguments(pki, ports, paths));
    await ready(apiserver, [etcd], api, "/readyz");
    const controllerManager = await start(
        "kube-controller-manager",
        args.controllerManagerArguments(pki, ports, paths),
    );
    const scheduler = await start("kube-scheduler", args.schedulerArguments(pki, ports, paths));
    const kwok = await start("kwok", args.kwokArguments(ports, paths));
    const version = JSON.parse((await call(api, "GET", "/version")).body) as { gitVersion: string };
    await Promise.all(nodes.map((shape) => ensure(api, "/api/v1/nodes", nodeObject(shape, version.gitVersion))));
    await Promise.all([
        ready(controllerManager, [], { ...api, server: `https://127.0.0.1:${ports.controllerManager}` }, "/healthz"),
        ready(scheduler, [], { ...api, server: `https://127.0.0.1:${ports.scheduler}` }, "/healthz"),
        // kwok is needed even without nodes: nodes that are added later become ready only if it runs.
        untilReady("kwok", [kwok], () => isHealthy(`http://127.0.0.1:${ports.kwok}/healthz`)),
        nodesReady(api, nodes, [kwok, controllerManager]),
        defaultNamespaceReady(api, controllerManager),
    ]);
}

async function choosePorts(): Promise<args.Ports> {
    return {
        etcdClient: await freePort(),
        etcdPeer: await freePort(),
        apiserver: await freePort(),
        controllerManager: await freePort(),
        scheduler: await freePort(),
        kwok: await freePort(),
        serviceProxy: await freePort(),
        kubelet: await freePort(),
    };
}

async function writeFiles(home: string, pki: Pki, ports: args.Ports, server: string): Promise<args.Paths> {
    const users: [file: keyof args.Paths["kubeconfig"], who: Identity][] = [
        ["controllerManager", { user: "system:kube-controller-manager" }],
        ["scheduler", { user: "system:kube-scheduler" }],
        // kwok emulates the kubelets of all nodes, and manages their leases and pods.
        ["kwok", { user: "kwok", groups: ["system:masters"] }],
    ];
    const files = {} as args.Paths["kubeconfig"];
    for (const [file, who] of users) {
        files[file] = join(home, `${file}.kubeconfig`);
        const credential = await pki.client(who);
        writeSecret(files[file], kubeconfig({ server, caCert: pki.caCert, user: who.user, credential }));
    }
    const egress = join(home, "egress.json");
    writeSecret(egress, JSON.stringify(args.egressConfiguration(pki, ports)));
    const stages = join(home, "stages.yaml");
    writeSecret(stages, kwokStages());
    return { etcdData: join(home, "etcd"), kubeconfig: files, egress, stages };
}

/** Waits until a program answers 200. The error after a timeout contains the end of the logs of all given programs. */
async function ready(program: TrackedProcess, also: TrackedProcess[], api: Api, path: string): Promise<void> {
    await untilReady(program.name, [program, ...also], async () => {
        const answer = await call(api, "GET", path, undefined, { seconds: 2 }).catch(() => undefined);
        return answer?.status === 200;
    });
}

/** Whether kwok is healthy. Its health endpoint has no TLS and no authentication. */
async function isHealthy(url: string): Promise<boolean> {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    return answer?.ok ?? false;
}

async function nodesReady(api: Api, nodes: NodeShape[], programs: TrackedProcess[]): Promise<void> {
    await untilReady("nodes", programs, async () => {
        // On a busy machine, a request can fail although the API server is ready.
        const answer = await call(api, "GET", "/api/v1/nodes").catch(() => undefined);
        if (answer?.status !== 200) return false;
        const list = JSON.parse(answer.body) as { items: NodeStatus[] };
        const usable = list.items.filter(isUsable).map((node) => node.metadata.name);
        return nodes.every((node) => usable.includes(node.name));
    });
}

interface NodeStatus {
    metadata: { name: string };
    spec: { taints?: { key: string }[] };
    status: { conditions?: { type: string; status: string }[] };
}

function isUsable(node: NodeStatus): boolean {
    const isReady = node.status.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false;
    return isReady && !node.spec.taints?.some((taint) => taint.key.startsWith("node.kubernetes.io/"));
}

/** Waits for the ServiceAccount `default` of the namespace `default`: without it, the API server rejects pods there. */
async function defaultNamespaceReady(api: Api, controllerManager: TrackedProcess): Promise<void> {
    await untilReady("service accounts", [controllerManager], async () => {
        const path = "/api/v1/namespaces/default/serviceaccounts/default";
        return (await call(api, "GET", path).catch(() => undefined))?.status === 200;
    });
}

async function untilReady(what: string, programs: TrackedProcess[], look: () => Promise<boolean>): Promise<void> {
    const dead: string[] = [];
    for (const program of programs) {
        void program.exited.then(({ code, signal }) => dead.push(`${program.name} ended (${signal ?? code})`));
    }
    const logs = () => programs.map((p) => `${p.name} (${p.logFile}):\n${lastLines(p.logFile)}`).join("\n");
    await waitFor(
        `${what} to be ready`,
        async () => {
            if (dead.length > 0)
                throw new Error(`${what}: did not become ready (${dead.join(", ")}). End of the logs:\n${logs()}`);
            return look();
        },
        { seconds: READY_SECONDS, hint: () => `End of the logs:\n${logs()}` },
    );
}
