import { pulumiEnv } from "../world/pulumi";
import { noSandbox, readFacts, stateDir, type WorldFacts } from "../world/state";

/**
 * Prints export lines for a shell: after `eval "$(npm run -s sandbox -- env)"`, `pulumi preview -s intra` runs on the sandbox.
 */
export async function env(): Promise<void> {
    const dir = stateDir();
    const world = readFacts<WorldFacts>(dir, "world");
    if (!world) throw noSandbox("env");
    for (const [name, value] of Object.entries(pulumiEnv(dir, world)))
        console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}
