import { rmSync } from "node:fs";
import { join } from "node:path";
import { endOrphanPlugins, running, stopAll } from "../processes";
import { FACTS, sandboxId, stateDir } from "../world/state";

/** Ends all processes of this clone's sandbox, including those of an interrupted run. */
export async function down(): Promise<void> {
    const dir = stateDir();
    const before = running(dir);
    await clear(dir, console.log);
    console.log(before.length === 0 ? "no sandbox was running" : `ended ${before.length} processes`);
    console.log(`The stacks and their data stay in ${dir} until the next \`up\`, which deletes them.`);
}

/** Ends all processes of a sandbox and deletes the files with its addresses. Its data stays until the next start. */
export async function clear(dir: string, log: (line: string) => void): Promise<void> {
    await stopAll(dir, { log });
    await endOrphanPlugins(sandboxId(dir));
    for (const name of FACTS) rmSync(join(dir, `${name}.json`), { force: true });
}
