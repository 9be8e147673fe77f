import { strict as assert } from "node:assert";
import type * as pulumi from "@pulumi/pulumi";
import { WebSocketServer } from "ws";
import { Etcd, renderKeyring } from "../../../../components/etcd/etcd";
import { EtcdPrepared } from "../../../../components/etcd/prepared";
import { forward } from "../../../../sandbox/control-plane/kubelet";
import { Configuration } from "../../../../sandbox/gateway/objects/configuration";
import type { Listening } from "../../../../sandbox/processes/listen";
import { startEtcdApi } from "../../../../sandbox/workloads/etcd/api";
import { asked, comesAfter, inputsOf, one, oneOfKind, record, type Seen } from "../../../kit";
import { fakeApi, type FakeApi } from "../../kit/fake-api";
import { API_SERVER, assertStored, load, storedText } from "../kubernetes/stored";

const IMAGE = "mirror.example.org/team/etcd:v3.6.99";

const build = (members: number, storageClass?: string): Promise<Seen[]> =>
    record(
        () =>
            new Etcd("alpa-etcd", {
                namespace: "team-a",
                cluster: {},
                meaning: {},
                settings: { image: IMAGE, members, storageClass },
                apisixNamespace: "team-a-gateway",
            }),
    );

const PEER = (name: string) => `${name}=http://${name}.etcd-peers.team-a-etcd.svc.cluster.local:2380`;

describe("Etcd", () => {
    const specOf = (seen: Seen[]) => oneOfKind(seen, "StatefulSet", "etcd").inputs.spec;
    const containerOf = (seen: Seen[]) => specOf(seen).template.spec.containers[0];

    for (const [members, list] of [
        [1, [PEER("etcd-0")]],
        [3, [PEER("etcd-0"), PEER("etcd-1"), PEER("etcd-2")]],
    ] as const)
        it(`names all ${members} members in the flags of each, by the names of their pods`, async () => {
            const { command, args, env } = containerOf(await build(members));
            assert.deepEqual(command, ["etcd"]);
            assert.ok(args.includes(`--initial-cluster=${list.join(",")}`));
            assert.ok(args.includes("--name=$(POD_NAME)"));
            assert.ok(args.includes(`--initial-advertise-peer-urls=${PEER("$(POD_NAME)").split("=")[1]}`));
            assert.deepEqual(env, [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }]);
        });

    it("needs neither root nor a shell nor write access outside of its volume", async () => {
        const seen = await build(1);
        const pod = specOf(seen).template.spec;
        assert.equal(pod.automountServiceAccountToken, false);
        const { runAsNonRoot, seccompProfile } = pod.securityContext;
        assert.deepEqual([runAsNonRoot, seccompProfile], [true, { type: "RuntimeDefault" }]);
        const [container, ...more] = pod.containers;
        assert.deepEqual([more, pod.initContainers], [[], undefined]);
        assert.deepEqual(container.securityContext, {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
        });
        assert.deepEqual(container.volumeMounts, [{ name: "data", mountPath: "/var/lib/etcd" }]);
        const { labels } = oneOfKind(seen, "Namespace", "team-a-etcd").inputs.metadata;
        assert.equal(labels["pod-security.kubernetes.io/enforce"], "restricted");
    });

    it("runs the image of the config, on volumes of the chosen class", async () => {
        assert.equal(containerOf(await build(1)).image, IMAGE);
        const classOf = async (name?: string) =>
            specOf(await build(1, name)).volumeClaimTemplates[0].spec.storageClassName;
        assert.deepEqual([await classOf("fast"), await classOf()], ["fast", undefined]);
    });

    it("has an encryption key of 16 letters: APISIX ignores another length, and parses digits as a number", () => {
        const bytes = Buffer.from(Array.from({ length: 24 }, (_, i) => i * 11));
        assert.match(renderKeyring(bytes), /^[A-Za-z]{16}$/);
        assert.notEqual(renderKeyring(bytes), renderKeyring(bytes.map((byte) => byte + 1) as Buffer));
    });

    it("has its policies before a member listens, and its password before anything needs it", async () => {
        const seen = await build(1);
        const members = oneOfKind(seen, "StatefulSet");
        for (const policy of seen.filter(({ inputs }) => inputs.kind === "NetworkPolicy"))
            assert.ok(comesAfter(seen, members, policy), policy.name);
        const prepared = one(seen, "pulumi-nodejs:dynamic/alpa-auth:EtcdPrepared");
        assert.ok(comesAfter(seen, prepared, members));
        assert.equal(inputsOf(prepared).password, "(secret)");
    });

    it("ends its pods before its namespace is deleted, which would wait for half of their grace period", async () => {
        const seen = await build(1);
        const [members, namespace] = [oneOfKind(seen, "StatefulSet"), oneOfKind(seen, "Namespace")];
        assert.equal(asked(members).deletedWith, "");
        assert.ok(comesAfter(seen, members, namespace));
    });

    it("has its password in no flag, variable or mount of its pods", async () => {
        const { args, env, envFrom } = containerOf(await build(1));
        assert.doesNotMatch(JSON.stringify([args, env]), /password|secret/i);
        assert.equal(envFrom, undefined);
        assert.deepEqual(specOf(await build(1)).template.spec.volumes, undefined);
    });
});

const ARGS = {
    place: { namespace: "alpa-etcd", pods: ["etcd-0"] },
    uid: "first",
    password: "secret",
    apisixNamespace: "gateway",
    timeoutSeconds: 1,
};

/** An etcd with a password. */
function etcd(password: string | undefined): Configuration {
    const made = new Configuration();
    made.password = password;
    if (password !== undefined) made.root = { password, granted: true };
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

    /** @param members configuration of each etcd member, by pod name */
    async function open(members: Record<string, Configuration>) {
        const ports = new Map<string, number>();
        for (const [pod, configuration] of Object.entries(members)) {
            const started = await startEtcdApi(() => configuration);
            etcds.push(started);
            ports.set(pod, started.port);
        }
        sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "v4.channel.k8s.io" });
        api = await fakeApi(() => undefined, {
            upgrade: (request, socket, head) => {
                const pod = new URL(request.url!, "http://fake").pathname.split("/").at(-2)!;
                sockets.handleUpgrade(request, socket, head, (client) => forward(client, [2379], () => ports.get(pod)));
            },
        });
        const inputs = { ...ARGS, kubeconfig: api.kubeconfig };
        return { provider: load(text) as Required<pulumi.dynamic.ResourceProvider>, inputs };
    }

    it("stores its provider in less than 30 kB, without the Pulumi SDK", async () => {
        await open({});
        assertStored(text, 30_000, [...API_SERVER, "node:stream", "ws"]);
    });

    it("sets the password of a new etcd, and changes nothing in a second run", async () => {
        const now = etcd(undefined);
        const { provider, inputs } = await open({ "etcd-0": now });
        const { outs } = await provider.create(inputs);
        assert.equal(now.password, "secret");
        assert.deepEqual(await provider.diff("id", outs, inputs), { changes: false });
    });

    it("changes the password with the previous one, and continues after an interrupted run", async () => {
        const now = etcd("secret");
        const { provider, inputs } = await open({ "etcd-0": now });
        const news = { ...inputs, password: "another" };
        assert.deepEqual(await provider.diff("id", inputs, news), { changes: true });
        await provider.update("id", inputs, news);
        assert.equal(now.password, "another");
        await provider.update("id", inputs, news);
        assert.equal(now.password, "another");
    });

    it("reports that etcd has another password than this stack's, without showing either", async () => {
        const { provider, inputs } = await open({ "etcd-0": etcd("of another") });
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
        const { provider, inputs } = await open({ "etcd-1": now });
        await provider.create({ ...inputs, place: { ...inputs.place, pods: ["etcd-0", "etcd-1"] } });
        assert.equal(now.password, "secret");
    });

    it("names the pods to check when none answers", async () => {
        const { provider, inputs } = await open({});
        await assert.rejects(
            provider.create(inputs),
            /^Error: etcd in namespace alpa-etcd: not ready after 1 s .*kubectl -n alpa-etcd logs etcd-0/,
        );
    });

    it("prepares an etcd again that has lost its volume, in the next run", async () => {
        const { provider, inputs } = await open({ "etcd-0": etcd(undefined) });
        assert.deepEqual(await provider.diff("id", inputs, inputs), { changes: true });
    });

    it("does not treat an etcd without an answer as a change", async () => {
        const { provider, inputs } = await open({});
        assert.deepEqual(await provider.diff("id", inputs, inputs), { changes: false });
    });
});
