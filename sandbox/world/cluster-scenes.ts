/** Stacks intra and inter: a cluster with a gateway in it. */
import { cpuNodes } from "../control-plane";
import { describeHolder, freePortFrom } from "../processes";
import { ensureTools, SANDBOX_TOOLS } from "../toolchain/toolchain";
import { attempts } from "./attempts";
import { layOver, namespaceOf } from "./overlay";
import type { Say, Scene } from "./scene";
import type { ClusterFacts } from "./state";
import { startWorld, type WorldOptions } from "./world";

/** Port of the entry point in the design; another free one is taken when it is held. */
const ENTRY_PORT = 30800;

/** Outputs of the stack that the requests to try out are made of. */
export interface GatewayOutputs {
    url: string;
    credentials: Record<string, string>;
    jwtSecrets: Record<string, string>;
}

/** @param address what stands in front of the nodes; unset: the stack's own choice */
function clusterScene(world: Partial<WorldOptions>, address?: string): Scene {
    return {
        tools: SANDBOX_TOOLS,
        async start(dir, log) {
            return startWorld({ tools: await ensureTools(undefined, { log }), stateDir: dir, log, ...world });
        },
        async layOver(shipped, facts, say) {
            const { alpas, chartRepository } = facts as ClusterFacts;
            const nodePort = await entryPort(say);
            return { text: layOver(shipped, { alpa: alpas, chartRepository, nodePort, address }), secrets: {} };
        },
        attempts(dir, outputs, _, shipped) {
            const { url, credentials: keys, jwtSecrets } = outputs as unknown as GatewayOutputs;
            return attempts(dir, url, { keys, jwtSecrets, namespace: namespaceOf(shipped) });
        },
    };
}

/** Gateway and model on the same nodes. */
export const INTRA_WORLD: Partial<WorldOptions> = {};
/** A gateway cluster of three plain servers, and two Alpa services outside of it. */
export const INTER_WORLD: Partial<WorldOptions> = { nodes: cpuNodes(3), alpaServices: 2 };

export const intraScene = clusterScene(INTRA_WORLD);
export const interScene = clusterScene(INTER_WORLD, "127.0.0.1");

async function entryPort(say: Say): Promise<number> {
    const held = describeHolder(ENTRY_PORT);
    const port = await freePortFrom(ENTRY_PORT);
    if (port !== ENTRY_PORT) say(`${held}; the entry point is on ${port}`);
    return port;
}
