/** Scenes of stacks intra and inter: a cluster with a gateway. */
import { readFileSync } from "node:fs";
import { cpuNodes } from "../control-plane/nodes";
import { describeHolder, freePortFrom } from "../processes";
import { checkNamespaces } from "../hosts/namespace";
import { GPU_TOOLS, SANDBOX_TOOLS } from "../toolchain/toolchain";
import { attempts } from "./attempts";
import { serviceOf } from "./openai-requests";
import { openAiWorld, serverSecrets } from "./openai-world";
import { hostKeys, layOver, namespaceOf, pinnedPort } from "./overlay";
import type { Say, Scene } from "./scene";
import type { ClusterFacts } from "./state";
import type { WorldOptions } from "./world";

/** Node port of a gateway whose stack file sets none. If another program listens on it, the next free port is used. */
const ENTRY_PORT = 30800;

/** The stack's outputs. The requests to try are derived from them. */
export interface GatewayOutputs {
    url: string;
    credentials: Record<string, string>;
    jwtSecrets: Record<string, string>;
}

interface ClusterScene {
    /** Options for the world of the stack. @param dir state directory */
    world: (dir: string) => Partial<WorldOptions>;
    /** Address of the load balancer of the nodes. @default the address in the stack file */
    address?: string;
    /** Whether the nodes have GPUs and Alpa runs on them on bare metal. */
    gpus?: boolean;
    /** Key `option` of the stack. Default: as in the shipped stack file. */
    option?: string;
}

function clusterScene({ world, address, gpus = false, option }: ClusterScene): Scene {
    const names = gpus ? GPU_TOOLS : SANDBOX_TOOLS;
    return {
        tools: names,
        async start(dir, log, asked) {
            // eslint-disable-next-line @typescript-eslint/no-require-imports -- see Scene.start
            const { startWorld } = require("./world") as typeof import("./world");
            const { tools, pulumi, onAnswer, observe, ...ofModel } = asked;
            const onGpus = { gpus: { operator: tools["kuberay-operator"], ...ofModel } };
            const own = gpus && hostsCanBeEmulated(option, log) ? onGpus : {};
            return startWorld({ tools, pulumi, stateDir: dir, onAnswer, observe, log, ...world(dir), ...own });
        },
        async layOver(shipped, facts, say) {
            const { alpas, chartRepository, gpus: found, prometheus } = facts as ClusterFacts;
            const nodePort = pinnedPort(shipped) ?? (await entryPort(say));
            const own = { nodePort, address, option, observed: prometheus !== undefined };
            const addresses = { alpa: alpas, chartRepository, gpus: found, ...own };
            const keys = Object.entries(found ? hostKeys(found) : {});
            const secrets = Object.fromEntries(keys.map(([path, file]) => [path, readFileSync(file, "utf8")]));
            return { text: layOver(shipped, addresses), secrets: { ...secrets, ...serverSecrets(shipped, facts) } };
        },
        attempts(dir, outputs, _, text) {
            const { url, credentials: keys, jwtSecrets } = outputs as unknown as GatewayOutputs;
            return attempts(dir, url, { keys, jwtSecrets, namespace: namespaceOf(text) }, serviceOf(text));
        },
        hint: (facts) =>
            (facts as ClusterFacts).gpus &&
            'Alpa runs on bare metal. To convert Alpa to pods of the cluster, run: eval "$(npm run -s sandbox -- env)" && ' +
                "npm run ops -- convert run --yes",
    };
}

/**
 * Whether this machine can emulate hosts. Without emulated hosts the stack works, but Alpa cannot be converted.
 * @param needed option of the stack that requires a conversion. If it is set, the function throws instead of returning false
 */
function hostsCanBeEmulated(needed: string | undefined, log: Say): boolean {
    try {
        checkNamespaces();
        return true;
    } catch (error) {
        if (needed !== undefined) throw error;
        log(
            `Alpa cannot be converted in this sandbox, because this machine cannot emulate hosts. ${(error as Error).message}`,
        );
        return false;
    }
}

/** World with the real cert-manager, if it is chosen, for stacks whose certificate comes from it. */
const ISSUER = { certManager: "internal" };
/** World of stack intra: gateway and model are on the same nodes. */
export const intraWorld = (): Partial<WorldOptions> => ISSUER;
/** World of stack inter: a gateway cluster of three plain servers, and two Alpa services outside of it. */
export const interWorld = (): Partial<WorldOptions> => ({ ...ISSUER, nodes: cpuNodes(3), alpaServices: 2 });
/** World of stack openai: as that of stack inter, with an OpenAI-compatible server instead of Alpa. */
export const openAiClusterWorld = (dir: string): Partial<WorldOptions> => ({ ...interWorld(), ...openAiWorld(dir) });

export const intraScene = clusterScene({ world: intraWorld, gpus: true });
/** Stack intra with option intra-b: the conversion is prepared, and Alpa still runs on bare metal. */
export const intraBScene = clusterScene({ world: intraWorld, gpus: true, option: "intra-b" });
export const interScene = clusterScene({ world: interWorld, address: "127.0.0.1" });
export const openAiScene = clusterScene({ world: openAiClusterWorld, address: "127.0.0.1" });

async function entryPort(say: Say): Promise<number> {
    const held = describeHolder(ENTRY_PORT);
    const port = await freePortFrom(ENTRY_PORT);
    if (port !== ENTRY_PORT) say(`${held}; the entry point uses port ${port} instead`);
    return port;
}
