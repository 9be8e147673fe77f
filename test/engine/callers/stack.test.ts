// Proves on the real engine and API server that a stack of option callers works next to the stack that created the gateway.
// The credentials of both stacks work at the same address, and a change of one stack leaves the other stack unchanged. The
// gateway is an emulator that was compared with recorded answers of APISIX 3.18.0.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pulumiEnv } from "../../../sandbox/world/pulumi";
import { ROOT } from "../../../sandbox/world/state";
import { call, current, eventually, failed, succeeded, TestStack, useWorld, type Outputs } from "../kit";
import { EngineStack, type StackConfig } from "../kit/stack";

const caller = (name: string, ...ids: string[]) => ({ name, credentials: ids.map((id) => ({ id, method: "key" })) });
const MAIN = "shared";
const whole = (stack: string) => `organization/alpa-auth/${stack}`;

class CallersStack extends EngineStack {
    static async create(name: string, consumers: object[]): Promise<CallersStack> {
        const stack = new CallersStack(name, { dir: current().dir, facts: current().world.facts });
        await stack.init();
        stack.configure({ consumers });
        return stack;
    }

    configure(config: StackConfig): void {
        const readiness = { settleSeconds: 0.5, acceptTimeoutSeconds: 120 };
        this.write({ option: "callers", of: whole(MAIN), readiness, ...config });
    }

    outputs(): Promise<Outputs> {
        return this.read();
    }
}

describe("a stack of callers on the engine", () => {
    useWorld();
    let main: TestStack;
    let more: CallersStack;
    let ours: Outputs;
    let theirs: Outputs;

    before(async () => {
        main = await TestStack.create(MAIN, { consumers: [caller("alice", "a")] });
        succeeded(await main.up());
        more = await CallersStack.create("more", [caller("bob", "a"), caller("carol", "a")]);
        succeeded(await more.up());
        [theirs, ours] = [await main.outputs(), await more.outputs()];
    });

    const status = async (key: string) => (await call(theirs.url, { key })).status;
    const operations = async (stack: EngineStack) => {
        const { changeSummary } = JSON.parse(succeeded(await stack.preview("--json")).stdout);
        return Object.keys(changeSummary).filter((operation) => operation !== "same");
    };
    /** The resourceVersion of an object of the namespace. */
    const version = async (apiVersion: string, kind: string, name: string) => {
        const live = await current().world.read(apiVersion, kind, MAIN, name);
        return (live?.metadata as { resourceVersion?: string } | undefined)?.resourceVersion;
    };
    const consumer = (name: string) => version("apisix.apache.org/v1alpha1", "Consumer", name);

    async function ops(command: string): Promise<string> {
        const { world, dir } = current();
        const env = { ...process.env, ...pulumiEnv(dir, world.facts) };
        const args = [join(ROOT, "ops/alpa-auth.js"), ...command.split(" ")];
        const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
        const said = { out: "", note: "" };
        child.stdout.on("data", (text) => (said.out += text));
        child.stderr.on("data", (text) => (said.note += text));
        const code = await new Promise((resolve) => child.on("close", resolve));
        assert.equal(code, 0, said.out + said.note);
        return said.out;
    }

    it("has the address of the other stack, and its keys work there next to the keys of the other stack", async () => {
        assert.equal(ours.url, theirs.url);
        assert.deepEqual(Object.keys(ours.credentials).sort(), ["bob/a", "carol/a"]);
        for (const key of [...Object.values(ours.credentials), ...Object.values(theirs.credentials)])
            assert.equal(await status(key), 200);
    });

    it("changes nothing in a second run, and leaves the other stack without changes", async () => {
        assert.deepEqual(await Promise.all([operations(more), operations(main)]), [[], []]);
    });

    it("keeps no key of the other stack in its state", async () => {
        const state = await more.must(["stack", "export", "--show-secrets"]);
        assert.ok(state.includes(ours.credentials["bob/a"]));
        assert.ok(!state.includes(theirs.credentials["alice/a"]));
    });

    it("has the cluster's callers in `consumer list --check`, which marks those of the other stack", async () => {
        const [ofMore, ofMain] = await Promise.all(
            ["more", MAIN].map((stack) => ops(`consumer list --check --json --stack ${stack}`)),
        );
        const owners = (out: string) =>
            (JSON.parse(out) as { consumer: string; stack: string | null }[])
                .map(({ consumer, stack }) => `${consumer} ${stack}`)
                .sort();
        assert.deepEqual(owners(ofMore), ["alice shared", "bob null", "carol null"]);
        assert.deepEqual(owners(ofMain), ["alice null", "bob more", "carol more"]);
    });

    it("rotates one of its callers, and touches no object of the other stack", async () => {
        const others = () => Promise.all([consumer("alice"), version("v1", "Secret", "alice.a"), consumer("carol")]);
        const before = await others();
        await ops("consumer rotate bob a --successor b --overlap-days 7 --yes --stack more");
        assert.deepEqual(await others(), before);
        const { credentials } = await more.outputs();
        assert.equal(credentials["bob/a"], ours.credentials["bob/a"]);
        for (const who of ["bob/a", "bob/b", "carol/a"]) assert.equal(await status(credentials[who]), 200, who);
        assert.equal(await status(theirs.credentials["alice/a"]), 200);
    });

    it("refuses a consumer name of the other stack, and a gateway stack that does not exist", async () => {
        const wrong: [config: StackConfig, words: RegExp][] = [
            [{ consumers: [caller("alice", "x")] }, /of stack alpa-auth\/shared: Consumer shared\/alice\b/],
            [{ of: whole("absent") }, /of: Pulumi cannot read stack \S+ \(unknown stack "org/],
        ];
        for (const [config, words] of wrong) {
            more.configure(config);
            assert.match(failed(await more.preview()), words);
        }
    });

    it("removes only its own callers when it is destroyed", async () => {
        const alice = await consumer("alice");
        succeeded(await more.destroy());
        // `destroy` does not wait until the gateway rejects the keys: the ingress controller may apply the deletions later.
        for (const [who, key] of Object.entries(ours.credentials))
            await eventually(`${who} refused`, async () => (await status(key)) === 401 || undefined);
        assert.equal(await consumer("bob"), undefined);
        assert.equal(await consumer("alice"), alice);
        assert.equal(await status(theirs.credentials["alice/a"]), 200);
    });

    it("fails with an error that names the other stack after the other stack is destroyed", async () => {
        succeeded(await main.destroy());
        more.configure({ consumers: [caller("bob", "a")] });
        assert.match(
            failed(await more.preview()),
            /does not have a usable output gateway \(it has no outputs: it is destroyed/,
        );
    });
});
