/**
 * Derives the requests to try from the stack's outputs. This is repeated after each change of the stack, because the
 * expected answers can change.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isLocked, mustPulumi, stateWrittenAt } from "./pulumi";
import { sceneOf, type StackName } from "./scenes";
import { readFacts, writeFacts, type Attempt, type StackFacts, type WorldFacts } from "./state";

/**
 * Facts of the stack, derived again after each change of the stack's state.
 * @returns undefined until `sandbox up` has written the first facts of the stack
 * @throws Error with the messages of Pulumi
 */
export async function currentStack(dir: string): Promise<StackFacts | undefined> {
    const world = readFacts<WorldFacts>(dir, "world");
    const known = readFacts<StackFacts>(dir, "stack");
    if (world === undefined || known === undefined) return undefined;
    return stateWrittenAt(dir, known.stack) === known.stateAt ? known : deriveStack(dir, world, known);
}

/**
 * Returns a function for the status page, which calls it each second. It returns the known facts at once, and derives newer
 * facts when no running Pulumi changes the state any more.
 * @param onError called once for each state from which no facts can be derived, with the reason
 */
export function followStack(dir: string, onError: (message: string) => void): () => StackFacts | undefined {
    let busy = false;
    let failed: { at?: number } | undefined;
    return () => {
        const known = readFacts<StackFacts>(dir, "stack");
        if (busy || known === undefined) return known;
        const at = stateWrittenAt(dir, known.stack);
        if (at === known.stateAt || (failed && failed.at === at) || isLocked(dir, known.stack)) return known;
        busy = true;
        currentStack(dir)
            .catch((error: Error) => {
                failed = { at };
                onError(error.message);
            })
            .finally(() => (busy = false));
        return known;
    };
}

/**
 * Derives the facts from the stack's outputs, and writes them.
 * @param before the earlier facts, with an empty `try` at the first call
 */
export async function deriveStack(dir: string, world: WorldFacts, before: StackFacts): Promise<StackFacts> {
    const { stack, exposure } = before;
    const stateAt = stateWrittenAt(dir, stack);
    const outputs = stateAt === undefined ? {} : await outputsOf(dir, world, stack);
    const text = readFileSync(join(world.stackFiles, `Pulumi.${stack}.yaml`), "utf8");
    // A stack without outputs, for example after `pulumi destroy`, has no gateway to which requests could be sent.
    const up = typeof outputs.url === "string";
    const scene = sceneOf({ stack: stack as StackName, exposure });
    const list = up ? withRemoved(before.try, await scene.attempts(dir, outputs, world, text)) : [];
    const facts = { stack, exposure, url: up ? (outputs.url as string) : before.url, try: list, stateAt };
    writeFacts(dir, "stack", facts);
    return facts;
}

async function outputsOf(dir: string, world: WorldFacts, stack: string): Promise<Record<string, unknown>> {
    const args = ["stack", "output", "--stack", stack, "--json", "--show-secrets"];
    return JSON.parse(await mustPulumi(dir, world, args)) as Record<string, unknown>;
}

/**
 * The current requests, and the earlier ones whose credentials no longer exist, which the gateway must reject.
 */
function withRemoved(before: Attempt[], now: Attempt[]): Attempt[] {
    const current = new Set(now.map(({ credential }) => credential));
    const removed = before
        .filter(({ credential }) => credential !== undefined && !current.has(credential))
        .map((one) => ({ ...one, title: `${one.title.replace(/, which is .*/, "")}, which is removed`, expect: 401 }));
    return [...now, ...removed];
}
