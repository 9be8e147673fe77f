/** Stack intra: a cluster with everything in it. */
import { describeHolder, freePortFrom } from "../processes";
import { ensureTools, SANDBOX_TOOLS } from "../toolchain/toolchain";
import { attempts } from "./attempts";
import { layOver, namespaceOf } from "./overlay";
import type { Say, Scene } from "./scene";
import type { ClusterFacts } from "./state";
import { startWorld } from "./world";

/** Port of the entry point in the design; another free one is taken when it is held. */
const ENTRY_PORT = 30800;

/** Outputs of the stack that the requests to try out are made of. */
export interface IntraOutputs {
    url: string;
    credentials: Record<string, string>;
    jwtSecrets: Record<string, string>;
}

export const intraScene: Scene = {
    tools: SANDBOX_TOOLS,
    async start(dir, log) {
        return startWorld({ tools: await ensureTools(undefined, { log }), stateDir: dir, log });
    },
    async layOver(shipped, world, say) {
        const { alpa, chartRepository } = world as ClusterFacts;
        return { text: layOver(shipped, { alpa, chartRepository, nodePort: await entryPort(say) }), secrets: {} };
    },
    attempts(dir, outputs, _, shipped) {
        const { url, credentials: keys, jwtSecrets } = outputs as unknown as IntraOutputs;
        return attempts(dir, url, { keys, jwtSecrets, namespace: namespaceOf(shipped) });
    },
};

async function entryPort(say: Say): Promise<number> {
    const held = describeHolder(ENTRY_PORT);
    const port = await freePortFrom(ENTRY_PORT);
    if (port !== ENTRY_PORT) say(`${held}; the entry point is on ${port}`);
    return port;
}
