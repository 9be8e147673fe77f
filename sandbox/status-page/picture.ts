import { execFile } from "node:child_process";
import { join } from "node:path";
import { pulumiEnv, stateWrittenAt } from "../world/pulumi";
import { readFacts, ROOT, type StackFacts, type WorldFacts } from "../world/state";

/** Time limit for drawing the picture, in seconds. Measured: 3 on two cores, mostly for the start of Pulumi and Node.js. */
const DRAW_SECONDS = 60;

/**
 * Draws the stack of a sandbox with the command `stack graph`. It draws again only after a change of the stack.
 * @returns a function that returns the picture as SVG
 * @throws Error if the stack is not up, or with the message of the failed command
 */
export function pictureOf(dir: string): () => Promise<string> {
    let drawn: { of: number; svg: Promise<string> } | undefined;
    return async () => {
        const stack = readFacts<StackFacts>(dir, "stack");
        const world = readFacts<WorldFacts>(dir, "world");
        if (stack === undefined || world === undefined) throw new Error("The stack is not up yet.");
        const of = stateWrittenAt(dir, stack.stack);
        if (of === undefined) throw new Error("The stack does not exist.");
        if (drawn?.of !== of) drawn = { of, svg: draw(dir, stack.stack, world) };
        return drawn.svg.catch((error: unknown) => {
            drawn = undefined;
            throw error;
        });
    };
}

function draw(dir: string, stack: string, world: WorldFacts): Promise<string> {
    const args = [join(ROOT, "ops/alpa-auth.js"), ..."stack graph --format svg --stack".split(" "), stack];
    const env = { ...process.env, ...pulumiEnv(dir, world) };
    const limits = { maxBuffer: 16 * 1024 * 1024, timeout: DRAW_SECONDS * 1000 };
    return new Promise((resolve, reject) =>
        execFile(process.execPath, args, { cwd: ROOT, env, ...limits }, (error, stdout, stderr) =>
            error ? reject(new Error(`stack graph: ${stderr.trim() || error.message}`)) : resolve(stdout),
        ),
    );
}
