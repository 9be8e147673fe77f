// Proves what a stack records of its cluster, and which other cluster it rejects. test/engine/stack/failures.test.ts proves
// that a rejection ends a preview and an update before anything else.
import { strict as assert } from "node:assert";
import {
    type IdentityArgs,
    identityRule as provider,
    revocationsRule,
} from "../../../../components/records/record-rules";
import { Revocations, StackIdentity } from "../../../../components/records/records";
import { one, record } from "../../../kit";
import { interSettings, recordInter } from "../../kit/inter";
import { recordStack } from "../../kit/intra-a";
import { recordIntraB } from "../../kit/intra-b";
import { givenOf } from "../../policy/stacks";
import { assertStored, load, storedText } from "../kubernetes/stored";

const cluster = (id: string, at = "https://10.0.0.1:16443") => ({ id, at, by: "KUBECONFIG" });
const args = (id: string, more: Partial<IdentityArgs> = {}) => ({
    identities: { cluster: cluster(id) },
    moved: [],
    ...more,
});
const failuresOf = async (olds: IdentityArgs | object, news: IdentityArgs) =>
    (await provider.check!(olds as IdentityArgs, news)).failures?.map(({ reason }) => reason);
const isUpdated = async (olds: IdentityArgs, news: IdentityArgs) =>
    (await provider.diff!("identity", olds, news)).changes;

describe("the identity of a stack", () => {
    it("is recorded with the first update", async () => assert.deepEqual(await failuresOf({}, args("a")), []));

    it("rejects another cluster, and names both", async () =>
        assert.deepEqual(
            await failuresOf(args("a"), args("b", { identities: { cluster: cluster("b", "https://10.0.0.9:16443") } })),
            [
                'cluster: https://10.0.0.9:16443 (b) is not the one of this stack, https://10.0.0.1:16443 (a). Nothing was changed. Correct KUBECONFIG. Only if the stack is to move, add to the stack file: movedFrom: { "a": <reason> } (docs/operate/another-cluster.md).',
            ],
        ));

    it("accepts another cluster only if `movedFrom` names the recorded one", async () => {
        const moved = { identities: { cluster: cluster("b", "https://10.0.0.9:16443") }, moved: ["a"] };
        assert.deepEqual(await failuresOf(args("a"), moved), []);
        assert.ok(await isUpdated(args("a"), moved), "the new cluster is recorded");
        assert.equal((await failuresOf(args("a"), args("b", { moved: ["b"] })))?.length, 1);
    });

    it("rejects a move to a cluster that was rebuilt at the same address, where Pulumi would delete what it has created", async () =>
        assert.match((await failuresOf(args("a"), args("b", { moved: ["a"] })))![0], /was rebuilt, .* empty state/));

    it("rejects a move to a cluster that has a stack of this name, whose objects it would take over and delete", async () => {
        const taken = { ...cluster("b", "https://b.example.com"), taken: "alpa-auth" };
        const run = (moved: string[]) => failuresOf(args("a"), { identities: { cluster: taken }, moved });
        assert.match((await run(["a"]))![0], /already has namespace alpa-auth of a stack with this name/);
        assert.match((await run([]))![0], /is not the one of this stack/);
        assert.deepEqual(await failuresOf(args("b"), { identities: { cluster: taken }, moved: ["a"] }), []);
    });

    it("does not change with the address of the same cluster, or with what moved", async () => {
        const elsewhere = { identities: { cluster: cluster("a", "https://lb.example.com") }, moved: ["x"] };
        assert.deepEqual(await failuresOf(args("a"), elsewhere), []);
        assert.equal(await isUpdated(args("a"), elsewhere), false);
    });

    it("rejects a host that was reinstalled with its old SSH key, unless `movedFrom` names that key", async () => {
        const host = (machine?: string, moved: string[] = []) => ({
            identities: { "host 10.0.0.5": { ...cluster("SHA256:k", "10.0.0.5"), ...(machine && { machine }) } },
            moved,
        });
        assert.match(
            (await failuresOf(host("m1"), host("m2")))![0],
            /10\.0\.0\.5 \(SHA256:k, machine id m2\) is not the one/,
        );
        assert.deepEqual(await failuresOf(host("m1"), host("m2", ["SHA256:k"])), []);
        assert.deepEqual(await failuresOf(host("m1"), host()), [], "a node that is down");
        assert.ok(await isUpdated(host("m1"), host("m2")));
    });

    it("is compared also by a run with `--target` or `--exclude`, in which Pulumi returns what is recorded", async () => {
        const registered = async (recorded: object) => {
            let problems: Promise<string[]> | undefined;
            await record(() => (problems = new StackIdentity("identity", args("b")).registered()), {
                identity: recorded,
            });
            return problems!;
        };
        assert.deepEqual(await registered({}), []);
        assert.match((await registered(args("a"))).join(), /^cluster: .* is not the one of this stack/);
    });

    it("forgets what the stack no longer has, and records what is new", async () => {
        const host = { identities: { cluster: cluster("a"), "host 10.0.0.5": cluster("key") }, moved: [] };
        assert.deepEqual(await failuresOf(args("a"), host), []);
        assert.ok(await isUpdated(args("a"), host));
        assert.deepEqual(await failuresOf(host, args("a")), []);
        assert.ok(await isUpdated(host, args("a")));
    });

    it("stores its provider without the Pulumi SDK", async () => {
        const made = await record(() => new StackIdentity("identity", args("a")));
        assertStored(storedText(one(made, "pulumi-nodejs:dynamic/alpa-auth:StackIdentity")), 17_000, ["node:crypto"]);
    });
});

type Declared = Record<string, string>;
const inputs = (declared: Declared, readmit: Record<string, string> = {}) => ({ declared, readmit });
type State = Awaited<ReturnType<typeof created>>;
const created = async (declared: Declared) => (await revocationsRule.create!(inputs(declared))).outs!;
const updated = async (olds: State, declared: Declared, readmit: Record<string, string> = {}) =>
    (await revocationsRule.update!("id", olds, inputs(declared, readmit))).outs!;
const previewed = (olds: State, declared: Declared, readmit: Record<string, string> = {}) =>
    revocationsRule.diff!("id", olds, inputs(declared, readmit));

const BOTH = { "alice/k1": "digest-of-k1", "alice/k2": "digest-of-k2" };

const TYPE = "pulumi-nodejs:dynamic/alpa-auth:Revocations";

describe("Revocations", () => {
    it("records a key that was removed: its owner, the day, and a salted hash", async () => {
        const { revoked, salt } = await updated(await created(BOTH), { "alice/k2": "digest-of-k2" });
        assert.deepEqual(
            revoked.map(({ who }) => who),
            ["alice/k1"],
        );
        assert.match(revoked[0].id, /^revocation-[0-9a-f]{8}$/);
        assert.ok(Math.abs(Date.parse(revoked[0].at) - Date.now()) < 60_000);
        assert.match(revoked[0].hash, /^[0-9a-f]{64}$/);
        assert.equal(salt.length, 32);
        const other = await updated(await created(BOTH), {});
        assert.ok(!other.revoked.some(({ hash }) => hash === revoked[0].hash), "another stack has another salt");
    });

    it("rejects a revoked key in preview, under its old name and under another, and says how to accept the key", async () => {
        const state = await updated(await created(BOTH), {});
        for (const who of ["alice/k1", "eve/new"])
            await assert.rejects(
                previewed(state, { [who]: "digest-of-k1" }),
                new RegExp(
                    `^Error: consumers: ${who}: this stack has revoked its key on \\S+, as alice/k1\\. Give it another key\\. .* add readmit: ${state.revoked[0].id} to the credential\\.$`,
                ),
            );
        await assert.rejects(previewed(state, BOTH), /alice\/k1: .*\nconsumers: alice\/k2: /);
    });

    it("accepts a revoked key if the config names its revocation, and removes the record of that revocation", async () => {
        const state = await updated(await created(BOTH), {});
        const [k1, k2] = state.revoked;
        const back = { "alice/k1": "digest-of-k1" };
        assert.equal((await previewed(state, back, { "alice/k1": k1.id })).changes, true);
        await assert.rejects(previewed(state, back, { "alice/k1": k2.id }), /has revoked its key/);
        await assert.rejects(previewed(state, back, { "alice/k2": k1.id }), /has revoked its key/);
        const after = await updated(state, back, { "alice/k1": k1.id });
        assert.deepEqual(after.revoked, [k2]);
    });

    it("does not accept a key that is revoked again by the same line of the config", async () => {
        const state = await updated(await created({ "alice/k1": "digest" }), {});
        const named = { "alice/k1": state.revoked[0].id };
        const again = await updated(await updated(state, { "alice/k1": "digest" }, named), {});
        await assert.rejects(previewed(again, { "alice/k1": "digest" }, named), /has revoked its key/);
    });

    it("keeps its records through later changes", async () => {
        let state = await updated(await created(BOTH), { "alice/k2": "digest-of-k2" });
        state = await updated(state, { "bob/k": "digest-of-bob" });
        assert.deepEqual(
            state.revoked.map(({ who }) => who),
            ["alice/k1", "alice/k2"],
        );
    });

    it("records nothing for a key that moves to another credential", async () => {
        const state = await updated(await created(BOTH), { "team/k1": "digest-of-k1", "alice/k2": "digest-of-k2" });
        assert.deepEqual(state.revoked, []);
    });

    it("is the same resource after a change of the stack's option", async () => {
        const stacks = [
            await recordStack("helm"),
            await recordIntraB("open"),
            await recordInter(interSettings("helm")),
        ];
        const urns = stacks.map((seen) => givenOf(seen).find(({ type }) => type === TYPE)!.urn);
        assert.equal(new Set(urns).size, 1);
    });

    it("does not change by the order of callers", async () => {
        const state = await created(BOTH);
        const turned = Object.fromEntries(Object.entries(BOTH).reverse());
        assert.equal((await previewed(state, turned)).changes, false);
        assert.equal((await previewed(state, { "alice/k1": "digest-of-k1" })).changes, true);
    });

    it("is stored without the SDK, and works from the state", async () => {
        const seen = await record(() => new Revocations(inputs(BOTH)));
        const text = storedText(one(seen, TYPE));
        assertStored(text, 17_000, ["node:crypto"]);
        const stored = load(text);
        const of = (declared: Record<string, string>) => ({ kind: "Revocations", ...inputs(declared) });
        const { outs } = await stored.create!(of(BOTH));
        const revoked = (await stored.update!("x", outs, of({}))).outs;
        await assert.rejects(stored.diff!("x", revoked, of(BOTH)), /has revoked its key/);
    });
});
