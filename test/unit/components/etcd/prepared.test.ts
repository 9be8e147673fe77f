// Proves when etcd gets its password, and when it gets the keys of an earlier etcd. The test runs the provider's code
// as stored in the state. The etcd is emulated; test/engine/cluster/etcd.test.ts proves that the real etcd answers the
// same.
import { strict as assert } from "node:assert";
import type * as pulumi from "@pulumi/pulumi";
import { WebSocketServer } from "ws";
import { EtcdPrepared } from "../../../../components/etcd/prepared";
import { forward } from "../../../../sandbox/control-plane/kubelet";
import { Configuration } from "../../../../sandbox/gateway/objects/configuration";
import type { Listening } from "../../../../sandbox/processes/listen";
import { startEtcdApi } from "../../../../sandbox/workloads/etcd/api";
import { one, record } from "../../../kit";
import { fakeApi, type FakeApi } from "../../kit/fake-api";
import { API_SERVER, assertStored, load, storedText } from "../kubernetes/stored";

const FORMER = { namespace: "gateway", name: "component-etcd", profile: "alpa-auth-apisix-new" };
const ARGS = {
    place: { namespace: "alpa-etcd", pods: ["etcd-0"] },
    uid: "first",
    password: "secret",
    former: FORMER,
    timeoutSeconds: 1,
};

/** An etcd with a password and keys of APISIX. */
function etcd(password: string | undefined, keys: Record<string, object> = {}): Configuration {
    const made = new Configuration();
    made.password = password;
    if (password !== undefined) made.root = { password, granted: true };
    for (const [key, value] of Object.entries(keys)) made.set(key, value as never);
    return made;
}

describe("EtcdPrepared", () => {
    let text: string;
    let api: FakeApi;
    let etcds: Listening[];
    let sockets: WebSocketServer;
    before(async () => {
        const made = await record(() => new EtcdPrepared("prepared", { cluster: {}, ...ARGS }, {}));
        text = storedText(one(made, "pulumi-nodejs:dynamic/alpa-auth:EtcdPrepared"));
    });
    beforeEach(() => (etcds = []));
    afterEach(async () => {
        for (const client of sockets.clients) client.terminate();
        await Promise.all(etcds.map((etcd) => etcd.close()));
    });

    interface World {
        /** Configuration of each etcd member, by pod name. */
        members: Record<string, Configuration>;
        /** Number of members of the earlier StatefulSet. Default: no earlier StatefulSet exists. */
        formerMembers?: number;
        /** Name of the settings file that the pods of APISIX mount. */
        profile?: string;
    }

    async function open({ members, formerMembers, profile = "alpa-auth-apisix-old" }: World) {
        const ports = new Map<string, number>();
        for (const [pod, configuration] of Object.entries(members)) {
            const started = await startEtcdApi(() => configuration);
            etcds.push(started);
            ports.set(pod, started.port);
        }
        sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "v4.channel.k8s.io" });
        const volumes = [{ name: "settings", configMap: { name: profile } }];
        const objects: Record<string, object | undefined> = {
            "/apis/apps/v1/namespaces/gateway/statefulsets/component-etcd":
                formerMembers === undefined ? undefined : { kind: "StatefulSet", spec: { replicas: formerMembers } },
            "/apis/apps/v1/namespaces/gateway/deployments/apisix": {
                kind: "Deployment",
                spec: { template: { spec: { volumes } } },
            },
        };
        api = await fakeApi((path) => objects[path], {
            upgrade: (request, socket, head) => {
                const pod = new URL(request.url!, "http://fake").pathname.split("/").at(-2)!;
                sockets.handleUpgrade(request, socket, head, (client) => forward(client, [2379], () => ports.get(pod)));
            },
        });
        const inputs = { ...ARGS, kubeconfig: api.kubeconfig };
        return { provider: load(text) as Required<pulumi.dynamic.ResourceProvider>, inputs };
    }

    it("stores its provider in less than 30 kB, without the Pulumi SDK", async () => {
        await open({ members: {} });
        assertStored(text, 30_000, [...API_SERVER, "node:stream", "ws"]);
    });

    it("sets the password of a new etcd, and changes nothing in a second run", async () => {
        const now = etcd(undefined);
        const { provider, inputs } = await open({ members: { "etcd-0": now } });
        const { outs } = await provider.create(inputs);
        assert.equal(now.password, "secret");
        assert.deepEqual(await provider.diff("id", outs, inputs), { changes: false });
    });

    it("changes the password with the previous one, and continues after an interrupted run", async () => {
        const now = etcd("secret");
        const { provider, inputs } = await open({ members: { "etcd-0": now } });
        const news = { ...inputs, password: "another" };
        assert.deepEqual(await provider.diff("id", inputs, news), { changes: true });
        await provider.update("id", inputs, news);
        assert.equal(now.password, "another");
        await provider.update("id", inputs, news);
        assert.equal(now.password, "another");
    });

    it("reports that etcd has another password than this stack's, without showing either", async () => {
        const { provider, inputs } = await open({ members: { "etcd-0": etcd("of another") } });
        await assert.rejects(provider.create(inputs), (error: Error) => {
            assert.match(
                error.message,
                /^etcd in namespace alpa-etcd: its user root has another password than this stack/,
            );
            assert.doesNotMatch(error.message, /"?secret|of another/);
            return true;
        });
    });

    it("uses another member where the first does not answer", async () => {
        const now = etcd(undefined);
        const { provider, inputs } = await open({ members: { "etcd-1": now } });
        await provider.create({ ...inputs, place: { ...inputs.place, pods: ["etcd-0", "etcd-1"] } });
        assert.equal(now.password, "secret");
    });

    it("names the pods to check when none answers", async () => {
        const { provider, inputs } = await open({ members: {} });
        await assert.rejects(
            provider.create(inputs),
            /^Error: etcd in namespace alpa-etcd: not ready after 1 s .*kubectl -n alpa-etcd logs etcd-0/,
        );
    });

    it("prepares an etcd again that has lost its volume, in the next run", async () => {
        const { provider, inputs } = await open({ members: { "etcd-0": etcd(undefined) } });
        assert.deepEqual(await provider.diff("id", inputs, inputs), { changes: true });
    });

    it("does not treat an etcd without an answer as a change", async () => {
        const { provider, inputs } = await open({ members: {} });
        assert.deepEqual(await provider.diff("id", inputs, inputs), { changes: false });
    });

    describe("next to the chart's etcd", () => {
        const KEYS = { "/routes/r": { uri: "/*" }, "/consumers/lab": { username: "lab" } };
        for (const [what, password] of [
            ["with the same password", "secret"],
            ["from before there was a password", undefined],
        ] as const)
            it(`copies its keys, ${what}`, async () => {
                const [before, now] = [etcd(password, KEYS), etcd(undefined)];
                const members = { "component-etcd-1": before, "etcd-0": now };
                const { provider, inputs } = await open({ members, formerMembers: 3 });
                await provider.create(inputs);
                assert.deepEqual([...now.objects.keys()].sort(), Object.keys(KEYS).sort());
                assert.equal(now.password, "secret");
            });

        it("copies them again in the next run while APISIX still uses the old one: a caller may have been revoked", async () => {
            const [before, now] = [etcd("secret", KEYS), etcd("secret", { ...KEYS, "/consumers/gone": {} })];
            const { provider, inputs } = await open({
                members: { "component-etcd-0": before, "etcd-0": now },
                formerMembers: 1,
            });
            assert.deepEqual(await provider.diff("id", inputs, inputs), { changes: true });
            await provider.update("id", inputs, inputs);
            assert.deepEqual([...now.objects.keys()].sort(), Object.keys(KEYS).sort());
        });

        it("does not change the new etcd while APISIX uses it, because APISIX may have written there", async () => {
            const [before, now] = [etcd("secret", KEYS), etcd("secret", { "/consumers/new": {} })];
            const { provider, inputs } = await open({
                members: { "component-etcd-0": before, "etcd-0": now },
                formerMembers: 1,
                profile: FORMER.profile,
            });
            assert.deepEqual(await provider.diff("id", inputs, inputs), { changes: false });
            await provider.update("id", inputs, inputs);
            assert.deepEqual([...now.objects.keys()], ["/consumers/new"]);
        });

        for (const [what, members, why] of [
            ["is empty", { "component-etcd-0": etcd("secret") }, /it holds no key of APISIX/],
            ["does not answer", {}, /pod gateway\/component-etcd-0/],
            ["has another password", { "component-etcd-0": etcd("other", KEYS) }, /authentication failed/],
        ] as const)
            it(`stops before APISIX gets the new address where the old etcd ${what}`, async () => {
                const { provider, inputs } = await open({
                    members: { ...members, "etcd-0": etcd("secret") },
                    formerMembers: 1,
                });
                await assert.rejects(provider.create(inputs), (error: Error) => {
                    assert.match(error.message, /^StatefulSet gateway\/component-etcd: its keys cannot be copied/);
                    assert.match(error.message, why);
                    assert.match(error.message, /APISIX has not been changed\. See .* in docs\/operate\/etcd\.md/);
                    return true;
                });
            });
    });
});
