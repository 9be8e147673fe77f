// Proves on the real engine that a rollback of option inter loses no request of callers that exist in both versions.
// The rollback adds and removes other callers and changes limits. Gateway, kubelet and kube-proxy are emulators.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { ask, eventually, InterStack, nodes, Traffic, useNodes } from "../engine/kit/inter";
import { Clone } from "../engine/kit/rollback";

const key = (id: string) => ({ id, method: "key" });
const alice = { name: "alice", credentials: [key("a")] };
// Callers alice and dave have no limits, so that their requests do not depend on the response time of the counters.
const dave = { name: "dave", credentials: [key("d")] };
const bob = { name: "bob", limits: { requests: 1000, perSeconds: 60 }, credentials: [key("b")] };
const carol = { name: "carol", credentials: [key("c"), key("d")] };

describe("ops stack rollback with option inter", () => {
    let stack: InterStack;
    let clone: Clone;
    // Mocha runs hooks in the order of their definition. This hook needs the world, so it is defined before the hook that
    // ends the world.
    after(async () => {
        await stack?.destroy();
    });
    useNodes();

    before(async () => {
        const { world, dir } = nodes();
        clone = new Clone(join(dir, "clone"), { dir, facts: world.facts });
        stack = await InterStack.create("callers", { consumers: [alice, dave, bob] });
    });

    it("rolls back callers, credentials and limits, without a failed request of the callers that stay", async () => {
        await clone.up(stack);
        const fewer = { ...bob, limits: { requests: 500, perSeconds: 60 } };
        stack.configure({ consumers: [{ ...alice, credentials: [key("a"), key("e")] }, dave, fewer, carol] });
        await clone.up(stack);
        const { url, credentials } = await stack.outputs();
        await eventually(
            "carol let in",
            async () => ((await ask(url, credentials["carol/c"])) === 200 ? true : undefined),
            10,
        );
        const traffic = ["alice/a", "dave/d"].map((who) => new Traffic(url, credentials[who], 400));
        const back = await clone.back(stack, 1);
        const answers = await Promise.all(traffic.map((one) => one.end()));
        for (const { all, failed } of answers) assert.deepEqual(failed, [], `of ${all}`);
        console.log(`      ${answers.map(({ all }) => all).join(" and ")} requests, none failed`);
        assert.match(back.stdout, /Caller carol loses access/);
        for (const who of ["carol/c", "carol/d", "alice/e"])
            await eventually(
                `${who} refused`,
                async () => ((await ask(url, credentials[who])) === 401 ? true : undefined),
                10,
            );
        clone.assertClean();
    });

    it("gives re-added callers new keys, after the operator has accepted that", async () => {
        const refused = await clone.ops(stack, "stack", "rollback", "--to", "2", "--yes");
        assert.equal(refused.code, 2, refused.stderr);
        for (const who of ["alice/e", "carol/c", "carol/d"])
            assert.match(refused.stderr, new RegExp(`deleted secrets \\(.*${who}`));
        const before = await stack.outputs();
        const { stderr } = await clone.back(stack, 2, "--new-credentials");
        assert.match(stderr, /These callers need new credentials: .*alice\/e/);
        const after = await stack.outputs();
        assert.equal(after.credentials["alice/a"], before.credentials["alice/a"]);
    });
});
