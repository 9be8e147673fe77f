// Proves what a stack records of its cluster, and which other cluster it rejects. test/engine/stack/failures.test.ts proves
// that a rejection ends a preview and an update before anything else.
import { strict as assert } from "node:assert";
import { StackIdentity } from "../../../../components/records/records";
import { identityRule as provider, type IdentityArgs } from "../../../../components/records/record-rules";
import { one, record } from "../../../kit";
import { assertStored, storedText } from "../kubernetes/stored";

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
