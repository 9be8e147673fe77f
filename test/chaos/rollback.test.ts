// Proves on the real engine that a rollback uses the program and the config of the earlier version's commit. No request
// fails of a caller that exists in both versions. With `--yes`, the rollback runs only the plan that was shown. The policy
// pack compares the earlier program with the list of scripts in the earlier commit.
import { strict as assert } from "node:assert";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../ops/cli";
import { stateOf } from "../../ops/check/exposure-ports";
import { auditGateway } from "../../ops/gateway/audit";
import { answerHeaders } from "../../components/route/answer-headers";
import { LISTS_FILE } from "../../policy/rules/facts";
import { digestOf } from "../../policy/rules/scripts/found";
import { runPulumi } from "../../sandbox/world/pulumi";
import { edit } from "../engine/kit/clone";
import { call, current, TestStack, useWorld } from "../engine/kit";
import { Clone } from "../engine/kit/rollback";
import { under } from "../engine/kit/traffic";

const key = (id: string) => ({ id, method: "key" });
const alice = { name: "alice", credentials: [key("a1")] };
const bob = { name: "bob", credentials: [key("b1")] };
const carol = { name: "carol", credentials: [key("c1")] };

describe("ops stack rollback on the engine", () => {
    useWorld();
    let stack: TestStack;
    let clone: Clone;

    before(async () => {
        const { world, dir } = current();
        clone = new Clone(join(dir, "clone"), { dir, facts: world.facts });
        stack = await TestStack.create("rollback");
    });
    after(async () => {
        stack.configure({ consumers: [] });
        await stack.destroy();
    });

    /** Changes a script of the route, with its digest in the policy pack's list: the first version's script is not in it. */
    function changeScript(): void {
        const { functions } = answerHeaders({}).config as { functions: string[] };
        const [old, now] = ["math.max(1,", "math.max(2,"];
        const digest = (text: string) => digestOf({ where: "", text: `header_filter\n${text}`, kind: "script" });
        edit(join(clone.folder, "components/route/answer-headers.ts"), old, now);
        edit(join(clone.folder, LISTS_FILE), digest(functions[0]), digest(functions[0].replace(old, now)));
    }

    it("starts with two versions, from two commits", async () => {
        stack.configure({ consumers: [alice] });
        await clone.up(stack);
        const chain = join(clone.folder, "components/route/plugin-chain.ts");
        edit(chain, "this consumer may not use Alpa", "no Alpa for this consumer");
        changeScript();
        clone.commit("second");
        stack.configure({ consumers: [alice, bob] });
        await clone.up(stack);
    });

    it("does nothing when the stack changed after its review, and names the difference", async () => {
        const { world, dir } = current();
        const said = { out: "", note: "" };
        let changed: Awaited<ReturnType<TestStack["resources"]>> = [];
        const args = ["stack", "rollback", "--to", "1", "--yes", "--stack", stack.name];
        const code = await run(args, {
            folder: world.facts.stackFiles,
            program: clone.folder,
            today: new Date(),
            out: (text) => (said.out += `${text}\n`),
            note: (text) => (said.note += `${text}\n`),
            auditGateway,
            stateOfPort: stateOf,
            pulumi: async (command, options) => {
                if (command[0] === "up") {
                    stack.configure({ consumers: [alice, bob, carol] });
                    await clone.up(stack);
                    changed = await stack.resources();
                }
                return runPulumi(dir, world.facts, [...command, "--non-interactive"], options);
            },
        });
        assert.equal(code, 1, said.note);
        assert.match(said.note, /Steps that differ from the plan were not done/);
        assert.deepEqual(await stack.resources(), changed);
        stack.configure({ consumers: [alice, bob] });
        await clone.up(stack);
        clone.assertClean();
    });

    it("runs that version's program, and no caller of both versions has a failed request", async () => {
        const { url, credentials } = await stack.outputs();
        const { stdout: versions } = await clone.ops(stack, "stack", "history", "--json");
        const [second, first] = JSON.parse(versions).slice(-2);
        assert.deepEqual([first.number, second.number], [1, 2]);
        assert.equal(second.commit, clone.git("rev-parse", "HEAD"));
        assert.deepEqual(second.changed, ["caller bob gets access"]);
        assert.match(
            (await clone.ops(stack, "stack", "diff", "2", "1")).stdout,
            /caller bob loses access[^]*git log --oneline/,
        );

        const back = () => clone.back(stack, 1);
        const { done, failed } = await under(
            async () => (await call(url, { key: credentials["alice/a1"] })).status,
            back,
        );
        assert.deepEqual(failed, []);
        assert.match(done.stdout, /caller-removed {2}Caller bob loses access/);
        assert.match(done.stdout, /errors-changed {2}\/alpa\/completions: errors have another format/);
        assert.deepEqual(Object.keys((await stack.outputs()).credentials).sort(), ["alice/a1"]);
        clone.assertClean();
    });

    it("refuses to restore a revoked credential, whose key was deleted", async () => {
        const { code, stderr } = await clone.ops(stack, "stack", "rollback", "--to", "2", "--yes");
        assert.equal(code, 2, stderr);
        assert.match(stderr, /must not need deleted secrets \(bob\/b1\)/);
    });

    it("stops at a lock before anything is changed", async () => {
        const locks = join(current().dir, "backend/.pulumi/locks/organization/alpa-auth/rollback");
        mkdirSync(locks, { recursive: true });
        const lock = { pid: 1, username: "another-user", hostname: "elsewhere", timestamp: new Date().toISOString() };
        writeFileSync(join(locks, "other.json"), JSON.stringify(lock));
        const args = ["--to", "1", "--yes"];
        const { code, stderr } = await clone.ops(stack, "stack", "rollback", ...args);
        rmSync(join(locks, "other.json"));
        assert.equal(code, 1, stderr);
        assert.match(stderr, /locked by another run .* Nothing was changed/);
    });
});
