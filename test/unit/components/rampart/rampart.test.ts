// Proves the resources of Rampart, and its guard's stored provider against a fake API server. Engine tests prove that the engine
// deletes nothing that the guard protects.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { Rampart } from "../../../../components/rampart/rampart";
import { asked, comesAfter, inputsOf, one, record } from "../../../kit";
import { Awaited } from "../../../../components/kubernetes/awaited";
import { type Answer, type FakeApi, fakeApi } from "../../kit/fake-api";
import { load, storedText } from "../kubernetes/stored";
import { useFastTimers } from "../../kit/timers";

const install = {
    repository: "https://charts.example.org",
    version: "1.2.3",
};
const args = { ...install, cluster: {} };
const base64 = (text: string) => Buffer.from(text).toString("base64");
const GUARD = "pulumi-nodejs:dynamic/alpa-auth:Awaited";
const RELEASE = "kubernetes:helm.sh/v3:Release";

describe("Rampart", () => {
    it("has a guard that is deleted before it", async () => {
        const seen = await record(() => new Rampart("alpa-rampart", args));
        assert.ok(comesAfter(seen, one(seen, GUARD, "alpa-rampart-guard"), one(seen, RELEASE)));
    });

    it("gives the kubeconfig only to the guard, as a secret", async () => {
        const cluster = { kubeconfig: pulumi.secret("s3cret-kubeconfig"), context: "one" };
        const seen = await record(() => new Rampart("alpa-rampart", { ...install, cluster }));
        for (const r of seen) assert.doesNotMatch(JSON.stringify(inputsOf(r)), /s3cret/, r.name);
        const holders = seen.filter((r) => /s3cret/.test(JSON.stringify(inputsOf(r, (secret) => secret))));
        assert.deepEqual(
            holders.map((r) => r.name),
            ["alpa-rampart-guard"],
        );
    });

    it("is the operator's own chart, exactly the version of the config", async () => {
        const seen = await record(() => new Rampart("alpa-rampart", args));
        const { chart, version, namespace, repositoryOpts } = one(seen, RELEASE).inputs;
        assert.deepEqual(
            { chart, version, namespace, repositoryOpts },
            {
                chart: "rampart",
                version: "1.2.3",
                namespace: "rampart-system",
                repositoryOpts: { repo: "https://charts.example.org" },
            },
        );
    });

    it("adopts its own release that a killed run has begun", async () => {
        const seen = await record(() => new Rampart("rampart", args));
        assert.deepEqual(asked(one(seen, RELEASE)).beforeCreate, ["rampart-release-taken-over"]);
    });

    it("creates its namespace first where the cluster is new, and not otherwise", async () => {
        const NAMESPACE = "kubernetes:core/v1:Namespace";
        const own = { ...args, ownNamespace: true, credentialsSecret: "repository" };
        const data = { username: base64("reader"), password: base64("s3cret") };
        const seen = await record(() => new Rampart("alpa-rampart", own), { "alpa-rampart-credentials": { data } });
        const home = one(seen, NAMESPACE);
        assert.equal(home.inputs.metadata.name, "rampart-system");
        assert.ok(comesAfter(seen, one(seen, RELEASE), home));
        const there = await record(() => new Rampart("alpa-rampart", args));
        assert.ok(!there.some(({ type }) => type === NAMESPACE));
    });

    it("reads no Secret unless one is named", async () => {
        const seen = await record(() => new Rampart("alpa-rampart", args));
        assert.ok(!seen.some((r) => r.type === "kubernetes:core/v1:Secret"));
    });

    it("reads the repository's credentials from the named Secret, and keeps the password secret", async () => {
        const seen = await record(() => new Rampart("alpa-rampart", { ...args, credentialsSecret: "repository" }), {
            "alpa-rampart-credentials": { data: { username: base64("reader"), password: base64("s3cret") } },
        });
        const looked = one(seen, "kubernetes:core/v1:Secret", "alpa-rampart-credentials");
        assert.equal(looked.id, "rampart-system/repository");
        const found = one(seen, RELEASE);
        assert.doesNotMatch(JSON.stringify(inputsOf(found)), /s3cret/);
        assert.deepEqual(inputsOf(found, (s) => s).repositoryOpts, {
            repo: "https://charts.example.org",
            username: "reader",
            password: "s3cret",
        });
    });
});

const graph = (namespace: string, name: string, deletionTimestamp?: string) => ({
    metadata: { namespace, name, deletionTimestamp },
});
const going = (namespace: string, name: string) => graph(namespace, name, "2026-11-25T00:00:00Z");
const list = (...items: object[]) => ({ kind: "RampartGraphList", items });

describe("the guard of Rampart", () => {
    useFastTimers();
    const { now } = Date;
    let api: FakeApi | undefined;
    let provider: pulumi.dynamic.ResourceProvider;
    let text: string;
    before(async () => {
        text = storedText(
            one(
                await record(() => new Awaited("guard", { cluster: {}, keptForGraphs: true }, {})),
                "pulumi-nodejs:dynamic/alpa-auth:Awaited",
            ),
        );
        provider = load(text);
    });
    afterEach(() => void (Date.now = now));

    /**
     * Deletes the guard.
     * @param answers successive answers to its requests for lists
     * @param secondsBetween two requests
     */
    async function remove(answers: Answer[], secondsBetween = 1) {
        let looks = 0;
        api = await fakeApi(() => answers[Math.min(looks++, answers.length - 1)]);
        const start = now();
        Date.now = () => start + 1000 * secondsBetween * looks;
        await provider.delete!("rampart", { kubeconfig: api.kubeconfig, keptForGraphs: true });
        return looks;
    }

    it("is deleted at once if no namespace has a graph", async () => {
        assert.equal(await remove([list()]), 1);
        assert.deepEqual(api!.asked, ["/apis/rampart.petuum.com/v1beta2/rampartgraphs"]);
    });
    it("is deleted at once if the cluster has no graphs", async () => assert.equal(await remove([404]), 1));
    it("waits for graphs that are being deleted, as long as that takes", async () =>
        assert.equal(await remove([...Array(10).fill(list(going("a", "b"))), list()], 80), 11));
    it("names every graph that stays, and stays", async () => {
        const graphs = list(graph("a", "b"), graph("c", "d"), going("e", "f"));
        await assert.rejects(
            remove([graphs]),
            /^Error: Rampart: must stay .* \(a\/b, c\/d, e\/f\)\. .*Set rampart\.install/,
        );
    });
    it("stays if a graph never goes", async () => {
        await assert.rejects(remove([list(going("a", "b"))], 10), /^Error: Rampart: must stay .* \(a\/b\)/);
        assert.equal(api!.asked.length, 91);
    });
    it("does not treat a missing answer as an empty list", () => assert.rejects(remove([503]), /503/));

    const changes: [what: string, change: object, changed: boolean][] = [
        ["another kubeconfig", { kubeconfig: "new" }, true],
        ["nothing", {}, false],
    ];
    for (const [what, change, changed] of changes)
        it(`is ${changed ? "" : "not "}updated for ${what}: deletion will use what is in the state`, async () => {
            const olds = { kubeconfig: "old", keptForGraphs: true };
            assert.equal((await provider.diff!("rampart", olds, { ...olds, ...change })).changes, changed);
        });
});
