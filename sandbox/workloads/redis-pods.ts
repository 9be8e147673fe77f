/**
 * Runs a real Redis or Valkey for each running pod of Valkey, with the options of its container. The server requires no
 * password, and writes no data to disk, so a new pod starts empty. Options and values that are not in OPTIONS are rejected.
 */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { startRedis, type RedisServer } from "../redis/server";
import { isReady, selects, type Snapshot } from "./cluster";
import { image, isRunning, runs, VALKEY } from "./pods/images";

const PORT = 6379;

const OPTIONS = new Map([
    ["--save", /^$/],
    ["--appendonly", /^no$/],
    ["--maxmemory", /^\d+([kmg]b?)?$/i],
    ["--maxmemory-policy", /^noeviction$/],
    ["--protected-mode", /^no$/],
]);

/** Why a container of Valkey is unsupported; undefined if it is supported. */
export function valkeyProblem({ image: name, command = [], args = [] }: V1Container): string | undefined {
    if (!VALKEY.test(name!)) return undefined;
    const words = [...command, ...args];
    // The image's entry point puts `valkey-server` before arguments that begin with an option.
    if (words[0] === "valkey-server") words.shift();
    else if (command.length > 0) return `unsupported by the sandbox: Valkey with the command ${command[0]}`;
    while (words.length > 0) {
        const [option, value] = words.splice(0, 2);
        if (value === undefined || !OPTIONS.get(option)?.test(value))
            return `unsupported by the sandbox: Valkey with the argument ${[option, value].join(" ").trimEnd()}`;
    }
    return undefined;
}

/** The options of a container as lines of a configuration file. */
function linesOf(pod: V1Pod): string[] {
    const { command = [], args = [] } = pod.spec!.containers.find((container) => VALKEY.test(container.image!))!;
    const words = [...command, ...args];
    if (words[0] === "valkey-server") words.shift();
    const lines: string[] = [];
    for (let i = 0; i < words.length; i += 2) lines.push(`${words[i].slice(2)} ${words[i + 1] || '""'}`);
    return lines;
}

export class RedisPods {
    /** Running servers, by uid of their pod. */
    private readonly servers = new Map<string, RedisServer>();
    private last: Snapshot | undefined;

    /**
     * @param reachable whether the node of a pod is reachable. @default every node is reachable
     * @param stateDir folder in which the processes of servers are recorded
     */
    constructor(
        private readonly log: (line: string) => void,
        private readonly reachable: (pod: V1Pod) => boolean = () => true,
        private readonly stateDir?: string,
    ) {}

    async reconcile(now: Snapshot): Promise<void> {
        this.last = now;
        const pods = now.pods.filter((pod) => runs(pod, VALKEY) && isRunning(pod));
        for (const [uid, server] of this.servers)
            if (!pods.some((pod) => pod.metadata!.uid === uid)) {
                this.servers.delete(uid);
                await server.close();
            }
        for (const pod of pods) {
            const { uid, namespace, name } = pod.metadata!;
            if (this.servers.has(uid!)) continue;
            const server = await startRedis({ port: 0, lines: linesOf(pod), stateDir: this.stateDir });
            this.servers.set(uid!, server);
            this.log(`${namespace}/${name}: a Redis runs as ${image(pod, VALKEY)} on 127.0.0.1:${server.port}`);
        }
    }

    /**
     * Emulates the cluster's DNS and kube-proxy for `<service>.<namespace>.svc.cluster.local`: a port on 127.0.0.1. Returns
     * undefined for a name outside of the cluster.
     * @throws Error if the Service does not exist, no ready pod is behind its port, or the nodes of all ready pods are
     * unreachable
     */
    readonly resolve = (host: string, port: number): number | undefined => {
        const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\.cluster\.local\.?$/.exec(host) ?? [];
        if (name === undefined) return undefined;
        const found = this.last?.services.find((s) => s.metadata!.name === name && s.metadata!.namespace === namespace);
        if (!found) throw new Error(`${host}: no such name`);
        const target = found.spec?.ports?.find((p) => p.port === port)?.targetPort;
        const ready = this.last?.pods.filter((pod) => isReady(pod) && selects(found, pod)) ?? [];
        if (ready.length > 0 && !ready.some(this.reachable)) throw new Error(`${host}:${port}: connection timed out`);
        const server = ready
            .filter(this.reachable)
            .filter((pod) => target !== undefined && portNumber(pod, target) === PORT)
            .map((pod) => this.servers.get(pod.metadata!.uid!))
            .find((one) => one !== undefined);
        if (!server) throw new Error(`${host}:${port}: connection refused`);
        return server.port;
    };

    /** Suspends or resumes the running servers. A suspended server accepts requests, but does not answer. */
    hang(hanging: boolean): void {
        for (const server of this.servers.values()) server.hang(hanging);
    }

    async close(): Promise<void> {
        await Promise.all([...this.servers.values()].map((server) => server.close()));
    }
}

/** Number of a Service's target port, which can be the name of a container port. */
function portNumber(pod: V1Pod, target: number | string): number | undefined {
    if (typeof target === "number") return target;
    return pod.spec!.containers.flatMap((c) => c.ports ?? []).find((p) => p.name === target)?.containerPort;
}
