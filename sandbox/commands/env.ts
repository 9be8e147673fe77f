import { pulumiEnv } from "../world/pulumi";
import { readFacts, stateDir, type WorldFacts } from "../world/state";

/** Prints export lines: `eval "$(npm run -s sandbox -- env)"`, then `pulumi preview -s intra`. */
export async function env(): Promise<void> {
    const dir = stateDir();
    const world = readFacts<WorldFacts>(dir, "world");
    if (!world)
        throw new Error(
            `env: no sandbox is running in ${stateDir()}. Run: npm run sandbox -- up, or set ALPA_AUTH_SANDBOX_DIR to the folder of the running one.`,
        );
    for (const [name, value] of Object.entries(pulumiEnv(dir, world)))
        console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}
