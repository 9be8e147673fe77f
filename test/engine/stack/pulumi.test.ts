// Proves on the real engine that the project's policy pack judges a run, and that a reviewed plan is applied as reviewed.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../../sandbox/world/state";
import { cloneProgram, commitAll } from "../kit/clone";
import { call, current, failed, succeeded, TestStack, useWorld } from "../kit";

const key = (id: string) => ({ id, method: "key" });
const consumers = [{ name: "alice", credentials: [key("k1")] }];

describe("before a run,", () => {
    useWorld();
    let stack: TestStack;

    before(async () => {
        stack = await TestStack.create("byhand", { consumers });
    });

    it("the project's policy pack allows a valid up, and rejects a violation before anything changes", async () => {
        const up = ["up", "--yes", "--policy-pack", join(ROOT, "policy")];
        assert.match(succeeded(await stack.run([...up, "--skip-preview"])).stdout, /alpa-auth@v0\.1\.0/);
        const before = await stack.resources();
        const gateway = { image: "apache/apisix:3.18" };
        stack.configure({ consumers: [...consumers, { name: "carol", credentials: [] }], gateway });
        const said = failed(await stack.run(up));
        assert.match(said, /versions-pinned/);
        assert.match(said, /image\.tag: must be one version \(got "3\.18"\)/);
        assert.deepEqual(await stack.resources(), before);
        const checked = await stack.ops("stack", "review", "--fail-on", "none");
        assert.equal(checked.code, 3);
        assert.match(checked.stdout, /caller-added {2}Caller carol gets access/, "the pack has reviewed the run");
        assert.match(checked.stderr, /\[mandatory\] {2}versions-pinned.*\n.*\n.*must be one version \(got "3\.18"\)/);
        stack.configure({ consumers });
    });

    it("a reviewed plan is applied, contains no secret, and is rejected when the commit or the state has changed", async () => {
        const clone = cloneProgram(join(current().dir, "merged"));
        commitAll(clone);
        const bob = { name: "bob", credentials: [key("k1"), { id: "hs", method: "jwt", algorithm: "HS256" }] };
        stack.configure({ consumers: [...consumers, bob] });
        const folder = join(current().dir, "plan");
        const apply = () => stack.opsOf(clone, "stack", "apply", "--yes", "--plan", folder);
        const before = await stack.resources();
        succeeded(await stack.opsOf(clone, "stack", "review", "--fail-on", "risk", "--out", folder));

        appendFileSync(join(clone, "index.ts"), "// another program\n");
        commitAll(clone);
        assert.match(failed(await apply()), /--plan: the plan is of commit \w+, but commit/);
        execFileSync("git", ["-C", clone, "reset", "--quiet", "--hard", "HEAD~1"]);
        assert.deepEqual(await stack.resources(), before);

        const { stdout, stderr } = succeeded(await apply());
        assert.match(stdout, /caller-added {2}Caller bob gets access/);
        assert.match(stderr, /alpa-auth@v0\.1\.0/, "under the policy pack");
        const { url, credentials, jwtSecrets } = await stack.outputs();
        assert.equal((await call(url, { key: credentials["bob/k1"] })).status, 200);
        const plan = readFileSync(join(folder, "plan.json"), "utf8");
        for (const secret of [...Object.values(credentials), ...Object.values(jwtSecrets)])
            for (const form of [secret, Buffer.from(secret).toString("base64")]) assert.ok(!plan.includes(form));

        assert.match(failed(await apply()), /--plan: the stack has changed since the plan was made \(state then/);
    });
});
