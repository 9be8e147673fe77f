import { pulumiEnv } from "../world/pulumi";
import { runningWorld, stateDir } from "../world/state";

/**
 * Prints export lines for a shell: after `eval "$(npm run -s sandbox -- env)"`, `pulumi preview -s intra` runs on the sandbox.
 */
export async function env(): Promise<void> {
    const dir = stateDir();
    const world = runningWorld(dir, "env");
    // On standard error, because a shell evaluates the output.
    console.error(`Pulumi uses the stack files in ${world.stackFiles}. Edit these, not the ones in the clone.`);
    for (const [name, value] of Object.entries(pulumiEnv(dir, world)))
        console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}
