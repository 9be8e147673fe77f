import { readFileSync } from "node:fs";
import { pulumiEnv } from "../world/pulumi";
import { currentStack } from "../world/stack-facts";
import { credentialFile, runningWorld, stateDir } from "../world/state";

/**
 * Prints export lines for a shell: after `eval "$(npm run -s sandbox -- env)"`, `pulumi preview -s intra` runs on the sandbox.
 */
export async function env(): Promise<void> {
    const dir = stateDir();
    const world = runningWorld(dir, "env");
    // On standard error, because a shell evaluates the output.
    console.error(`Pulumi uses the stack files in ${world.stackFiles}. Edit these, not the ones in the clone.`);
    for (const [name, value] of Object.entries({ ...pulumiEnv(dir, world), ...(await sdkEnv(dir)) }))
        console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}

/** Variables that the SDKs of OpenAI read, with the key of the stack's first caller. Empty for other stacks, and for a hostname without DNS. */
async function sdkEnv(dir: string): Promise<Record<string, string>> {
    const stack = await currentStack(dir);
    const credential = stack?.try.find(({ title }) => title.startsWith("key of "))?.credential;
    if (stack?.stack !== "openai" || stack.exposure === "tunnel" || credential === undefined) return {};
    const key = readFileSync(credentialFile(dir, credential), "utf8").trim().replace("Authorization: Bearer ", "");
    return { OPENAI_BASE_URL: stack.url, OPENAI_API_KEY: key };
}
