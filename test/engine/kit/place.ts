import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { endOrphanPlugins, startGuard } from "../../../sandbox/processes";
import { ensureTools, type SandboxTool, type Toolchain, type ToolName } from "../../../sandbox/toolchain/toolchain";
import { sandboxId } from "../../../sandbox/world/state";
import { worldCluster, worldLog, worldShown } from "./world-log";

/** A world of the tests, and its folder. */
export interface Place<W> {
    world: W;
    dir: string;
    /** Ends the world and Pulumi's leftover processes, and deletes the folder. */
    end(): Promise<void>;
}

/** Options of every world. */
export interface Ground<N extends ToolName> {
    tools: Toolchain<N>;
    stateDir: string;
    alpaPort: number;
    log: (line: string) => void;
}

/**
 * Starts a world in a folder of its own. If the test process is killed, no process of the world is left.
 * @param names tools that the world needs. @default all tools of the sandbox
 */
export async function startPlace<
    W extends { close(): Promise<unknown>; kubeConfig?: KubeConfig },
    N extends ToolName = SandboxTool,
>(names: readonly N[] | undefined, start: (ground: Ground<N>) => Promise<W>): Promise<Place<W>> {
    const tools = await ensureTools(names, { log: (line) => console.log(`    ${line}`) });
    const dir = mkdtempSync(join(tmpdir(), "alpa-auth-test-"));
    const guard = await startGuard({ stateDir: dir, sandboxId: sandboxId(dir) });
    const away = async () => {
        await endOrphanPlugins(sandboxId(dir));
        await guard.stop();
        rmSync(dir, { recursive: true, force: true });
    };
    try {
        const world = await start({ tools, stateDir: dir, alpaPort: 0, log: worldLog });
        worldCluster(world.kubeConfig);
        const end = async () => {
            await worldShown();
            await world.close();
            await away();
        };
        return { world, dir, end };
    } catch (error) {
        await away();
        throw error;
    }
}
