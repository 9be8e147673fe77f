/** A clone with one commit for each version of a stack, and its command line. */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import type { PulumiRun } from "../../../sandbox/world/pulumi";
import { cloneProgram, commitAll, gitIn } from "./clone";
import { succeeded, type EngineStack, type Place } from "./stack";

export class Clone {
    /** Clones the work tree with one commit. @param folder is created */
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

    /** Deploys one more version of the stack. */
    async up(stack: EngineStack): Promise<void> {
        const args = ["up", "--yes", "--skip-preview", "--cwd", this.folder, "--config-file", this.fileOf(stack)];
        succeeded(await stack.run(args));
    }

    /** Runs the operators' command line of the clone. */
    ops(stack: EngineStack, ...args: string[]): Promise<PulumiRun> {
        return stack.opsOf(this.folder, ...args);
    }

    async back(stack: EngineStack, to: number, ...more: string[]): Promise<PulumiRun> {
        const run = await this.ops(stack, "stack", "rollback", "--to", String(to), "--yes", ...more);
        assert.equal(run.code, 0, `${run.stdout}\n${run.stderr}`);
        return run;
    }

    /** Asserts that no temporary work tree is left. */
    assertClean(): void {
        assert.equal(this.git("worktree", "list").split("\n").length, 1);
    }
}
