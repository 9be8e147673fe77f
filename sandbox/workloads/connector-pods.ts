/**
 * Plays pods of cloudflared 2026.8.2 with the connector stand-in (see cloudflare/connector): one for each pod from when its
 * token is there until the pod goes, and then for as long as its grace period lasts. What the real one finds by DNS, the
 * edge, is the world's.
 *
 * Imitated of the pod: arguments, plain variables, the token's file from a Secret. Refused: everything that the stand-in's
 * command line refuses, a token in the environment or in arguments, variables that come from elsewhere. Not there: a pod
 * that is ready once stays so when its connector loses the edge; a bad token keeps it waiting instead of ending it.
 */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { parseArguments, startProblem, UsageError, type RunArguments } from "../cloudflare/connector/arguments";
import { Connector } from "../cloudflare/connector/connector";
import { createLog } from "../cloudflare/connector/log";
import type { Resolve } from "../cloudflare/connector/proxy";
import { parseToken, type TunnelToken } from "../cloudflare/connector/token";
import { decoded, type Snapshot } from "./cluster";
import { CLOUDFLARED, image, runs } from "./pods";

/** Why a container of cloudflared cannot be played. */
export function connectorProblem(container: V1Container, edge: string | undefined): string | undefined {
    if (!CLOUDFLARED.test(container.image!)) return undefined;
    if (edge === undefined) return "this sandbox has no edge of Cloudflare that a connector could reach";
    try {
        const given = argumentsOf(container, edge);
        const { token, tokenFile } = given;
        if (token !== undefined) return "the sandbox's cloudflared takes its token from a file alone";
        if (tokenFile === undefined) return "the sandbox's cloudflared needs TUNNEL_TOKEN_FILE";
        return startProblem(given);
    } catch (error) {
        if (error instanceof UsageError) return error.message;
        throw error;
    }
}

function argumentsOf({ command, args = [], env = [] }: V1Container, edge: string): RunArguments {
    if (command) throw new UsageError(`not imitated: command ${command[0]}`);
    const foreign = env.find(({ valueFrom }) => valueFrom);
    if (foreign) throw new UsageError(`not imitated: ${foreign.name} from elsewhere`);
    // The image's entry point is the program with --no-autoupdate.
    const variables = Object.fromEntries(env.map(({ name, value = "" }) => [name, value]));
    const parsed = parseArguments(["--no-autoupdate", ...args], { ...variables, TUNNEL_EDGE: edge });
    if (parsed.command !== "run") throw new UsageError(`not imitated: ${parsed.command}`);
    return parsed;
}

/** Text of a file that a container sees of a Secret; undefined when there is none. */
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

export interface ConnectorPodsOptions {
    edge?: string;
    resolve: Resolve;
    /** Called when a connector has become ready. */
    changed: () => void;
    log: (line: string) => void;
}

export class ConnectorPods {
    /** By uid of the pod. */
    private readonly running = new Map<string, { connector: Connector; graceMilliseconds: number }>();
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
        for (const pod of pods) if (!this.running.has(pod.metadata!.uid!)) this.start(pod, now);
    }

    readonly connected = (pod: V1Pod): boolean => {
        const stats = this.running.get(pod.metadata!.uid!)?.connector.stats;
        return stats?.ready().status === 200;
    };

    async close(): Promise<void> {
        await Promise.all([...this.running.values()].map(({ connector }) => connector.kill()));
        this.running.clear();
        await Promise.all(this.leaving);
    }

    private start(pod: V1Pod, now: Snapshot): void {
        const { edge, resolve, changed, log } = this.options;
        const container = pod.spec!.containers.find((c) => CLOUDFLARED.test(c.image!))!;
        if (edge === undefined || connectorProblem(container, edge) !== undefined) return;
        const { tokenFile, edges, retries, level, graceMilliseconds } = argumentsOf(container, edge);
        const text = fileOf(pod, container, tokenFile!, now);
        const { uid, namespace, name } = pod.metadata!;
        const token = text === undefined ? undefined : this.tokenOf(text, `${namespace}/${name}`);
        if (token === undefined) return;
        const say = createLog(level, (line) => log(`${namespace}/${name}: ${line.trimEnd()}`));
        const connector = new Connector({ token, edges, retries, log: say, resolve, onReady: changed });
        this.running.set(uid!, { connector, graceMilliseconds });
        connector.start();
        log(`${namespace}/${name}: a connector plays ${image(pod, CLOUDFLARED)}`);
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
