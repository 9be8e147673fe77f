import { pulumiEnv } from "../world/pulumi";
import { noSandbox, readFacts, stateDir, type WorldFacts } from "../world/state";

/** Prints export lines: `eval "$(npm run -s sandbox -- env)"`, then `pulumi preview -s intra`. */
export async function env(): Promise<void> {
    const dir = stateDir();
    const world = readFacts<WorldFacts>(dir, "world");
    if (!world) throw noSandbox("env");
    for (const [name, value] of Object.entries(pulumiEnv(dir, world)))
        console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}
