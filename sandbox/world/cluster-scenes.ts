/** Scenes of stacks intra and inter: a cluster with a gateway. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuNodes } from "../control-plane/nodes";
import { describeHolder, freePortFrom } from "../processes";
import { checkNamespaces } from "../hosts/namespace";
import { GPU_TOOLS, SANDBOX_TOOLS } from "../toolchain/toolchain";
import { attempts } from "./attempts";
import { openAiService } from "./openai-requests";
import { hostKeys, layOver, modelsOf, namespaceOf, pinnedPort } from "./overlay";
import type { Say, Scene } from "./scene";
import { ROOT, serverKeyFile, writePrivate, type ClusterFacts } from "./state";
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
    world: Partial<WorldOptions>;
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
            return startWorld({ tools, pulumi, stateDir: dir, onAnswer, observe, log, ...world, ...own });
        },
        async layOver(shipped, facts, say) {
            const { alpas, chartRepository, gpus: found, prometheus } = facts as ClusterFacts;
            const nodePort = pinnedPort(shipped) ?? (await entryPort(say));
            const own = { nodePort, address, option, observed: prometheus !== undefined };
            const addresses = { alpa: alpas, chartRepository, gpus: found, ...own };
            const keys = Object.entries(found ? hostKeys(found) : {});
            const secrets = Object.fromEntries(keys.map(([path, file]) => [path, readFileSync(file, "utf8")]));
            return { text: layOver(shipped, addresses), secrets };
        },
        attempts(dir, outputs, _, text) {
            const { url, credentials: keys, jwtSecrets } = outputs as unknown as GatewayOutputs;
            return attempts(dir, url, { keys, jwtSecrets, namespace: namespaceOf(text) });
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
export const INTRA_WORLD: Partial<WorldOptions> = ISSUER;
/** World of stack inter: a gateway cluster of three plain servers, and two Alpa services outside of it. */
export const INTER_WORLD: Partial<WorldOptions> = { ...ISSUER, nodes: cpuNodes(3), alpaServices: 2 };

export const intraScene = clusterScene({ world: INTRA_WORLD, gpus: true });
/** Stack intra with option intra-b: the conversion is prepared, and Alpa still runs on bare metal. */
export const intraBScene = clusterScene({ world: INTRA_WORLD, gpus: true, option: "intra-b" });
export const interScene = clusterScene({ world: INTER_WORLD, address: "127.0.0.1" });

/** Time for one token of the emulated vLLM, in seconds: slow enough to watch a stream. */
const TOKEN_SECONDS = 0.05;

/** Stack openai: the gateway cluster of stack inter, and an OpenAI-compatible server outside of it. */
export const openAiScene: Scene = {
    ...interScene,
    async start(dir, log, asked) {
        const apiKey = `sk-${randomBytes(24).toString("base64url")}`;
        writePrivate(serverKeyFile(dir), apiKey);
        const models = modelsOf(readFileSync(join(ROOT, "Pulumi.openai.yaml"), "utf8"));
        const beforeToken = () => sleep(TOKEN_SECONDS * 1000);
        const world = { ...INTER_WORLD, openai: { models, apiKey, beforeToken } };
        return clusterScene({ world, address: "127.0.0.1" }).start(dir, log, asked);
    },
    async layOver(shipped, facts, say) {
        const { text } = await interScene.layOver(shipped, facts, say);
        const key = readFileSync(serverKeyFile(dirname(facts.stackFiles)), "utf8");
        return { text, secrets: { "openai.serverKey": key } };
    },
    async attempts(dir, outputs, _, text) {
        const { url, credentials: keys, jwtSecrets } = outputs as unknown as GatewayOutputs;
        return attempts(dir, url, { keys, jwtSecrets, namespace: namespaceOf(text) }, openAiService(text));
    },
};

async function entryPort(say: Say): Promise<number> {
    const held = describeHolder(ENTRY_PORT);
    const port = await freePortFrom(ENTRY_PORT);
    if (port !== ENTRY_PORT) say(`${held}; the entry point uses port ${port} instead`);
    return port;
}
