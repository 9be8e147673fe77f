// Proves that Pulumi's own commands work on a stack of this project. Without an official Pulumi, the language host and
// the plugins are emulators, and this test proves that the emulators suffice.
import { strict as assert } from "node:assert";
import { CoreV1Api } from "@kubernetes/client-node";
import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../../sandbox/world/state";
import { cloneProgram, commitAll } from "../kit/clone";
import { call, current, failed, succeeded, TestStack, useWorld } from "../kit";

const key = (id: string) => ({ id, method: "key" });
const consumers = [{ name: "alice", credentials: [key("k1")] }];

describe("pulumi typed by hand:", () => {
    useWorld();
    let stack: TestStack;

    before(async () => {
        stack = await TestStack.create("byhand", { consumers });
    });
    after(async () => {
        await stack.destroy();
    });

    it("a first up keeps to its plan while the stack is empty", async () => {
        succeeded(await stack.upAsPlanned());
    });

    it("stack history lists the updates, without secrets", async () => {
        const history = JSON.parse(await stack.must(["stack", "history", "--json"])) as Record<string, unknown>[];
        assert.equal(history.at(-1)!.kind, "update");
        assert.equal(history.at(-1)!.result, "succeeded");
    });

    it("refresh finds a change made outside of Pulumi, and up reverts it", async () => {
        const { world } = current();
        const core = world.kubeConfig.makeApiClient(CoreV1Api);
        await core.deleteNamespacedSecret({ namespace: stack.name, name: "alice.k1" });
        const run = succeeded(await stack.run(["refresh", "--yes", "--skip-preview"]));
        assert.match(run.stdout, /1 deleted/);
        succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        assert.equal((await call(url, { key: credentials["alice/k1"] })).status, 200);
    });

    it("import adopts an existing object", async () => {
        const { world } = current();
        const core = world.kubeConfig.makeApiClient(CoreV1Api);
        await core.createNamespacedConfigMap({ namespace: stack.name, body: { metadata: { name: "found" } } });
        succeeded(
            await stack.run([
                "import",
                "kubernetes:core/v1:ConfigMap",
                "found",
                `${stack.name}/found`,
                "--yes",
                "--protect=false",
                "--generate-code=false",
            ]),
        );
        assert.ok((await stack.resources()).some((r) => r.urn.endsWith("::found")));
        // The program does not have the imported object, so the next run deletes it.
        succeeded(await stack.up());
        assert.ok(!(await stack.resources()).some((r) => r.urn.endsWith("::found")));
    });

    it("a policy pack gets the resources, and stops a run with its own message", async () => {
        const pack = ["--policy-pack", join(__dirname, "../fixtures/policy")];
        succeeded(await stack.preview(...pack));
        stack.configure({ consumers: [...consumers, { name: "mallory", credentials: [] }] });
        assert.match(failed(await stack.preview(...pack)), /mallory is not welcome/);
        stack.configure({ consumers });
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

    it("a plan allows only what was previewed, and any other change is rejected before anything changes", async () => {
        const plan = join(current().dir, "of-carol.json");
        stack.configure({ consumers: [...consumers, { name: "carol", credentials: [key("k1")] }] });
        succeeded(await stack.preview("--save-plan", plan));
        const before = await stack.resources();
        stack.configure({ consumers: [...consumers, { name: "dave", credentials: [key("k1")] }] });
        assert.match(failed(await stack.run(["up", "--yes", "--plan", plan])), /violates plan/);
        assert.deepEqual(await stack.resources(), before);
        stack.configure({ consumers });
    });

    it("an error in a program is shown with its message and source line", async () => {
        const { dir } = current();
        const project = join(dir, "broken");
        mkdirSync(project);
        symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
        copyFileSync(join(ROOT, "tsconfig.pulumi.json"), join(project, "tsconfig.pulumi.json"));
        const runtime = readFileSync(join(ROOT, "Pulumi.yaml"), "utf8").replace(/^name: .*$/m, "name: broken");
        writeFileSync(join(project, "Pulumi.yaml"), runtime);
        writeFileSync(join(project, "package.json"), "{}");
        writeFileSync(join(project, "index.ts"), "const n: number = 1;\nthrow new Error(`broken on purpose ${n}`);\n");
        succeeded(await stack.run(["-C", project, "stack", "init", "broken"]));
        const said = failed(await stack.run(["-C", project, "preview", "--stack", "broken"]));
        assert.match(said, /broken on purpose 1/);
        assert.match(said, /index\.ts:2/);
    });
});
