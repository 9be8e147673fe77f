import { strict as assert } from "node:assert";
import { Etcd, renderKeyring } from "../../../../components/etcd/etcd";
import { asked, comesAfter, inputsOf, one, oneOfKind, record, type Seen } from "../../../kit";

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
