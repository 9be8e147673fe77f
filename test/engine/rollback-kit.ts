/** A clone whose commits are what versions of a stack ran from, its command line, and callers that never stop asking. */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import type { PulumiRun } from "../../sandbox/world/pulumi";
import { cloneProgram, commitAll, gitIn } from "./clone";
import { endAfterTest } from "./leftovers";
import { succeeded, type EngineStack, type Place } from "./stack";

/** A caller for the calls that follow a rollback. */
export const smoke = {
    name: "smoke",
    limits: { requests: 6, perSeconds: 60 },
    credentials: [{ id: "k1", method: "key" }],
};

export class Clone {
    /** Of the files as they are here, with one commit. @param folder is made */
    constructor(
        readonly folder: string,
        private readonly place: Place,
    ) {
        cloneProgram(folder);
        this.commit("first");
    }

    git(...args: string[]): string {
        return gitIn(this.folder, ...args);
    }

    commit(message: string): void {
        commitAll(this.folder, message);
    }

    fileOf({ name }: EngineStack): string {
        return join(this.place.facts.stackFiles, `Pulumi.${name}.yaml`);
    }

    /** One more version of the stack. */
    async up(stack: EngineStack): Promise<void> {
        const args = ["up", "--yes", "--skip-preview", "--cwd", this.folder, "--config-file", this.fileOf(stack)];
        succeeded(await stack.run(args));
    }

    /** The command line of the clone, as its operator runs it. */
    ops(stack: EngineStack, ...args: string[]): Promise<PulumiRun> {
        return stack.opsOf(this.folder, ...args);
    }

    /** Goes back, and fails with what was said where that fails. */
    async back(stack: EngineStack, to: number, ...more: string[]): Promise<PulumiRun> {
        const run = await this.ops(stack, "stack", "rollback", "--to", String(to), "--yes", ...more);
        assert.equal(run.code, 0, `${run.stdout}\n${run.stderr}`);
        return run;
    }

    /** No work tree is left. */
    assertClean(): void {
        assert.equal(this.git("worktree", "list").split("\n").length, 1);
    }
}

/** Two callers who ask again as soon as they are answered, until the work is done. @returns all answers but 200 */
export async function under<T>(ask: () => Promise<number | string>, work: () => Promise<T>) {
    const failed: (number | string)[] = [];
    let all = 0;
    let over = false;
    endAfterTest(() => (over = true));
    const callers = [1, 2].map(async () => {
        while (!over) {
            const answer = await ask().catch((error: Error) => error.message);
            all++;
            if (answer !== 200) failed.push(answer);
            // Who is refused comes back in a moment, not at once.
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    });
    const done = await work().finally(() => (over = true));
    await Promise.all(callers);
    assert.ok(all > 10, `only ${all} requests`);
    console.log(`      ${all} requests, ${failed.length} failed`);
    return { done, failed };
}
