// Proves on the real engine that a stack gets back to an earlier version: the program of its commit, from a clone with two
// commits, and the config of then, while callers that both versions know go on without a failed request.
import { strict as assert } from "node:assert";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pulumiEnv } from "../../sandbox/world/pulumi";
import { cloneProgram, edit } from "../engine/clone";
import { call, current, succeeded, TestStack, useWorld } from "../engine/kit";

const key = (id: string) => ({ id, method: "key" });
const alice = { name: "alice", credentials: [key("a1")] };
const bob = { name: "bob", credentials: [key("b1")] };
const smoke = { name: "smoke", limits: { requests: 6, perSeconds: 60 }, credentials: [key("k1")] };

describe("ops stack rollback on the engine", function () {
    this.timeout(400_000);
    useWorld();
    let stack: TestStack;
    let clone: string;

    const git = (...args: string[]) =>
        execFileSync("git", ["-C", clone, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...args])
            .toString()
            .trim();

    /** A clone of its own, of the files as they are here: its commits are what versions ran from. */
    before(async () => {
        clone = join(current().dir, "clone");
        cloneProgram(clone);
        git("init", "-q");
        writeFileSync(join(clone, ".git/info/exclude"), "node_modules\n");
        git("add", "-A");
        git("commit", "-qm", "first");
        stack = await TestStack.create("rollback");
    });
    after(async () => {
        stack.configure({ consumers: [] });
        await stack.destroy();
    });

    const up = async () =>
        succeeded(await stack.run(["up", "--yes", "--skip-preview", "--cwd", clone, "--config-file", file()]));
    const file = () => join(current().world.facts.stackFiles, "Pulumi.rollback.yaml");

    /** The command line of the clone, as its operator runs it. */
    async function ops(...args: string[]) {
        const { world, dir } = current();
        const env = { ...process.env, ...pulumiEnv(dir, world.facts) };
        const command = ["--import", "tsx", join(clone, "ops/cli.ts"), ...args, "--stack", "rollback"];
        const child = spawn(process.execPath, command, { cwd: clone, env, stdio: ["ignore", "pipe", "pipe"] });
        const said = { code: -1, out: "", note: "" };
        child.stdout.on("data", (text) => (said.out += text));
        child.stderr.on("data", (text) => (said.note += text));
        said.code = await new Promise((resolve) => child.on("close", (code) => resolve(code ?? -1)));
        return said;
    }

    it("goes back with the program of then, and no caller of both versions has a failed request", async () => {
        stack.configure({ consumers: [alice, smoke] });
        await up();
        const { url, credentials } = await stack.outputs();
        const chain = join(clone, "components/parts/plugin-chain.ts");
        edit(chain, "this consumer may not use Alpa", "no Alpa for this consumer");
        git("commit", "-qam", "second");
        stack.configure({ consumers: [alice, bob, smoke] });
        await up();

        const { out: versions } = await ops("stack", "history", "--json");
        const [second, first] = JSON.parse(versions);
        assert.deepEqual([first.number, second.number], [1, 2]);
        assert.equal(second.commit, git("rev-parse", "HEAD"));
        assert.deepEqual(second.changed, ["caller bob gets access"]);
        assert.match(
            (await ops("stack", "diff", "2", "1")).out,
            /caller bob loses access[^]*taken back: [0-9a-f]+ second/,
        );

        const shown = await ops("stack", "rollback", "--to", "1");
        assert.equal(shown.code, 0, shown.note);
        assert.match(shown.out, /caller-removed {2}Caller bob loses access/);
        assert.match(shown.out, /the gateway answers other requests by itself/);

        const answers: Promise<number>[] = [];
        const ask = () => answers.push(call(url, { key: credentials["alice/a1"] }).then(({ status }) => status));
        const traffic = setInterval(ask, 200);
        const back = await ops("stack", "rollback", "--to", "1", "--yes");
        clearInterval(traffic);
        assert.equal(back.code, 0, back.note);
        assert.match(back.note, /smoke: \d+ checks, all as they must be/);
        const statuses = await Promise.all(answers);
        assert.ok(statuses.length > 20, String(statuses.length));
        assert.deepEqual(
            statuses.filter((status) => status !== 200),
            [],
        );
        assert.deepEqual(Object.keys((await stack.outputs()).credentials).sort(), ["alice/a1", "smoke/k1"]);
    });

    it("refuses to bring a revoked key back as if it were the old one", async () => {
        const { code, note } = await ops("stack", "rollback", "--to", "2", "--yes");
        assert.equal(code, 2, note);
        assert.match(note, /the material of bob\/b1 was deleted when it was revoked/);
        const accepted = await ops("stack", "rollback", "--to", "2", "--yes", "--new-credentials");
        assert.equal(accepted.code, 0, accepted.note);
        assert.match(accepted.note, /These callers need new credentials: bob\/b1/);
    });

    it("stops at a lock before anything is changed", async () => {
        const locks = join(current().dir, "backend/.pulumi/locks/organization/alpa-auth/rollback");
        mkdirSync(locks, { recursive: true });
        writeFileSync(
            join(locks, "other.json"),
            JSON.stringify({
                pid: 1,
                username: "somebody",
                hostname: "elsewhere",
                timestamp: new Date().toISOString(),
            }),
        );
        const { code, note } = await ops("stack", "rollback", "--to", "1", "--yes");
        rmSync(join(locks, "other.json"));
        assert.equal(code, 1, note);
        assert.match(note, /must not be locked by another run/);
    });
});
