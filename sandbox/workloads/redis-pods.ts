/**
 * Runs a real Redis or Valkey for each running pod of Valkey, with the options of its container. The server requires no
 * password, and writes no data to disk, so a new pod starts empty. Options and values that are not in OPTIONS are rejected.
 */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { startRedis, type RedisServer } from "../redis/server";
import type { Snapshot } from "./cluster";
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

    /** @param stateDir folder in which the processes of servers are recorded */
    constructor(
        private readonly log: (line: string) => void,
        private readonly stateDir?: string,
    ) {}

    async reconcile(now: Snapshot): Promise<void> {
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

    /** Port on 127.0.0.1 of the server in a pod; undefined for another port or pod. */
    portOf({ metadata }: V1Pod, port: number): number | undefined {
        return port === PORT ? this.servers.get(metadata!.uid!)?.port : undefined;
    }

    /** Suspends or resumes the running servers. A suspended server accepts requests, but does not answer. */
    hang(hanging: boolean): void {
        for (const server of this.servers.values()) server.hang(hanging);
    }

    async close(): Promise<void> {
        await Promise.all([...this.servers.values()].map((server) => server.close()));
    }
}
