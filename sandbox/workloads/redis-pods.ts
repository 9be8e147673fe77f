/**
 * Plays Valkey: a Redis stand-in of its own for each running pod, or a real server, so that a new pod starts empty. Valkey 8
 * answers the commands it has as Redis 7 does. Options other than those below are refused, as is every other value: nothing is
 * written to a disk, and nobody is asked for a password. The stand-in takes --maxmemory and does not enforce it.
 */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import type { Found } from "../real/parts";
import { startRealRedis } from "../real/redis";
import { folderOf, type Ground } from "../real/run";
import { startRedis, type RedisServer } from "../redis/server";
import { isReady, selects, type Snapshot } from "./cluster";
import { image, isRunning, runs, VALKEY } from "./pods";

const PORT = 6379;

const OPTIONS = new Map([
    ["--save", /^$/],
    ["--appendonly", /^no$/],
    ["--maxmemory", /^\d+([kmg]b?)?$/i],
    ["--maxmemory-policy", /^noeviction$/],
    ["--protected-mode", /^no$/],
]);

/** Why a container of Valkey cannot be played. */
export function valkeyProblem({ image: name, command = [], args = [] }: V1Container): string | undefined {
    if (!VALKEY.test(name!)) return undefined;
    const words = optionsOf({ command, args });
    if (command.length > 0 && command[0] !== "valkey-server")
        return `the sandbox's Valkey does not play the command ${command[0]}`;
    while (words.length > 0) {
        const [option, value] = words.splice(0, 2);
        if (value === undefined || !OPTIONS.get(option)?.test(value))
            return `the sandbox's Valkey does not play the argument ${[option, value].join(" ").trimEnd()}`;
    }
    return undefined;
}

/** The image's entry point puts the program in front of options. */
function optionsOf({ command = [], args = [] }: Pick<V1Container, "command" | "args">): string[] {
    const words = [...command, ...args];
    return words[0] === "valkey-server" ? words.slice(1) : words;
}

export class RedisPods {
    /** By uid of the pod. */
    private readonly servers = new Map<string, RedisServer>();
    private last: Snapshot | undefined;

    /**
     * @param reachable whether the machine of a pod can be reached. @default all can
     * @param real a server to run for each pod. @default the stand-in
     */
    constructor(
        private readonly log: (line: string) => void,
        private readonly reachable: (pod: V1Pod) => boolean = () => true,
        private readonly real?: { found: Found; ground: Ground },
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
            const server = this.real ? await this.startReal(pod, this.real) : await startRedis({ port: 0 });
            this.servers.set(uid!, server);
            const version = this.real ? ` ${this.real.found.version}` : "";
            this.log(`${namespace}/${name}: Redis${version} plays ${image(pod, VALKEY)} on 127.0.0.1:${server.port}`);
        }
    }

    private startReal(pod: V1Pod, { found, ground }: { found: Found; ground: Ground }): Promise<RedisServer> {
        const { uid, namespace, name } = pod.metadata!;
        const args = optionsOf(pod.spec!.containers.find((container) => VALKEY.test(container.image!))!);
        return startRealRedis(ground, { found, title: `${namespace}/${name}`, args, folder: folderOf(ground, uid!) });
    }

    /**
     * Plays the cluster's DNS and kube-proxy for `<service>.<namespace>.svc.cluster.local`: a port on 127.0.0.1.
     * Undefined for other names, which are not the cluster's.
     * @throws Error where there is no such Service, no ready pod behind its port, or none on a node that can be reached
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

    /** Servers that run take requests and answer none, until told otherwise. */
    hang(hanging: boolean): void {
        for (const server of this.servers.values()) server.hanging = hanging;
    }

    async close(): Promise<void> {
        await Promise.all([...this.servers.values()].map((server) => server.close()));
    }
}

/** A target port may be the name of a container's port. */
function portNumber(pod: V1Pod, target: number | string): number | undefined {
    if (typeof target === "number") return target;
    return pod.spec!.containers.flatMap((c) => c.ports ?? []).find((p) => p.name === target)?.containerPort;
}
