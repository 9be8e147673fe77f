import { running } from "../processes";
import { partLines } from "../real/choice";
import { currentStack } from "../world/stack-facts";
import { readFacts, runningWorld, stateDir, type ClusterFacts, type PageFacts } from "../world/state";

/**
 * Prints what is running. With `--json`, prints `{ stack, url, kubeconfig, try: [{ title, command, expect, credential? }],
 * page, parts: [{ part, title, version, real }] }`, and the additional field `prometheus` with its address if a Prometheus
 * is running. After each change of the stack, `try` is computed again.
 */
export async function status(options: { json: boolean }): Promise<void> {
    const dir = stateDir();
    const world = runningWorld(dir, "status");
    const stack = await currentStack(dir);
    if (!stack) throw new Error(`status: the sandbox in ${dir} is starting. Wait until up prints what to try.`);
    const page = readFacts<PageFacts>(dir, "page")?.url ?? null;
    const { prometheus } = world as Partial<ClusterFacts>;
    if (options.json) {
        const { url, try: attempts } = stack;
        const { kubeconfig = null, parts } = world;
        const shown = { stack: stack.stack, url, kubeconfig, try: attempts, page, parts };
        console.log(JSON.stringify({ ...shown, ...(prometheus === undefined ? {} : { prometheus }) }, null, 2));
        return;
    }
    console.log(`stack ${stack.stack}: ${stack.url}`);
    if (page !== null) console.log(`status page: ${page}`);
    if (prometheus !== undefined) console.log(`Prometheus: ${prometheus}`);
    for (const { name, pid } of running(dir)) console.log(`  ${name} (pid ${pid})`);
    console.log();
    for (const line of partLines(world.parts, world.olderProvider)) console.log(`  ${line}`);
    for (const attempt of stack.try) console.log(`\n# ${attempt.title}: ${attempt.expect}\n${attempt.command}`);
}
