// Part of `npm run record`: records changes of an intra-a stack. Rampart installs its gateway.
// test/unit/ops/stack/review/recorded.test.ts has the expected reviews.
import { join } from "node:path";
import { cloneProgram, edit } from "../engine/kit/clone";
import { current, TestStack, useWorld } from "../engine/kit";
import { CHANGES, consumers, STACK } from "./intra-a";
import { Recorder } from "./recorder";

describe("previews of option intra-a", function () {
    this.timeout(120_000);
    useWorld();
    const recorder = new Recorder("intra-a");
    let stack: TestStack;

    before(async () => {
        stack = await TestStack.create(STACK, { consumers });
        await recorder.up(stack);
    });
    after(async () => {
        recorder.write();
        stack.configure({ consumers });
        await stack.destroy();
    });

    for (const [what, config] of Object.entries(CHANGES))
        it(what, async () => {
            stack.configure({ consumers, ...config() });
            await recorder.preview(what, stack, current().dir);
        });

    it("renamed resources", async () => {
        stack.configure({ consumers });
        const { dir } = current();
        const clone = cloneProgram(join(dir, "renamed"));
        const file = join(clone, "components/route/server-route.ts");
        edit(file, "`${name}-${role}`", "`${name}-to-${role}`");
        const run = ["preview", "--json", "--cwd", clone, "--config-file", stack.file];
        await recorder.preview("a rename without an alias", stack, dir, ...run);
    });
});
