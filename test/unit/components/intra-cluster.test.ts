// Proves the resources of option intra-a, for each installer. Engine tests prove that it deploys.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { keyLine } from "../../../components/server";
import { IntraCluster } from "../../../components/intra-cluster";
import { ADMIN_KEYS_SECRET } from "../../../components/apisix/gateway-pods";
import { derive, stackSeed } from "../../../components/consumers/generated-secrets";
import { policyNames } from "../../../components/kubernetes/network-policies";
import { OWNER_ANNOTATION } from "../../../components/kubernetes/ownership";
import { asked, comesAfter, generatedText, inputsOf, one, oneOfKind, plain, record, value, type Seen } from "../../kit";
import { CONSUMERS, INSTALLERS, KUBECONFIG, kubernetesObjects, recordStack, settings } from "../kit/intra-a";

/** Keys of the resources that wait for all callers. They create no object in the cluster. */
const SHARED_WAIT = "pulumi-nodejs:dynamic/alpa-auth:GatewayServes alpa-served";
const PROOF = "pulumi-nodejs:dynamic/alpa-auth:GatewayServes alpa-consumers-revoked";
const install = { repository: "https://charts.example.org", version: "1.2.3" };
const added = { name: "new", credentials: [{ id: "first", method: "key" }] };
const key = (r: Seen) => `${r.type} ${r.name}`;
/** All properties of a resource, so that a comparison misses no change. */
const whole = (r: Seen) => ({ inputs: r.inputs, provider: r.provider, asked: asked(r) });

/** Differences of the resources, without the components, which only say what the resources below them are. */
function difference(all: Seen[], later: Seen[]) {
    const [before, after] = [all, later].map((seen) => seen.filter(({ custom }) => custom));
    const old = new Map(before.map((r) => [key(r), JSON.stringify(whole(r))]));
    return {
        added: after.filter((r) => !old.has(key(r))).map(key),
        changed: after.filter((r) => old.has(key(r)) && old.get(key(r)) !== JSON.stringify(whole(r))).map(key),
    };
}

describe("resources of intra-a", () => {
    it("set limits only after their shared counters run, which exist only if configured", async () => {
        const sharedCounters = { whenDown: "refuse" };
        const seen = await recordStack("rampart", { gateway: { replicas: 2, sharedCounters } });
        for (const kind of ["Deployment", "Service"])
            assert.ok(
                comesAfter(seen, oneOfKind(seen, "Consumer", "lab"), oneOfKind(seen, kind, "alpa-auth-counters")),
            );
        assert.ok(!(await recordStack("rampart")).some((r) => r.inputs.kind === "Deployment"));
    });

    it("include Rampart only if configured, and before any graph", async () => {
        const seen = await recordStack("rampart", { rampart: { install } });
        const rampart = one(seen, "kubernetes:helm.sh/v3:Release");
        const guard = one(seen, "pulumi-nodejs:dynamic/alpa-auth:Awaited", "alpa-rampart-guard");
        for (const earlier of [rampart, guard])
            assert.ok(comesAfter(seen, oneOfKind(seen, "RampartGraph"), earlier), earlier.name);
        const without = await recordStack("rampart");
        assert.ok(!without.some((r) => r.type === rampart.type));
    });
});

for (const installer of INSTALLERS)
    describe(`with installer ${installer}`, () => {
        it("every object names its owner", async () => {
            for (const { inputs } of kubernetesObjects(await recordStack(installer))) {
                const { annotations, labels } = inputs.metadata;
                assert.equal(
                    annotations?.[OWNER_ANNOTATION],
                    "alpa-auth/test",
                    `${inputs.kind} ${inputs.metadata.name}`,
                );
                assert.equal(labels?.["app.kubernetes.io/managed-by"], "alpa-auth");
            }
        });

        it("route and consumers are created after their dependencies", async () => {
            const seen = await recordStack(installer);
            const home = one(seen, "kubernetes:core/v1:Namespace", "alpa-namespace");
            const gateway = seen.filter(
                (r) =>
                    ["Gateway", "IngressClass", "NetworkPolicy"].includes(r.inputs.kind) ||
                    ["alpa-gateway-deployed", "alpa-apisix-release"].includes(r.name),
            );
            assert.equal(gateway.length, installer === "existing" ? 0 : 6);
            const dependents = [
                oneOfKind(seen, "ApisixUpstream", "alpa-completions"),
                oneOfKind(seen, "ApisixRoute"),
                oneOfKind(seen, "Consumer", "lab"),
                oneOfKind(seen, "Secret", "lab.2026a"),
            ];
            for (const later of dependents)
                for (const earlier of [home, ...gateway])
                    assert.ok(comesAfter(seen, later, earlier), `${later.name} after ${earlier.name}`);
        });

        it("policies and Admin keys live as long as the pods", async () => {
            const seen = await recordStack(installer);
            const graph = seen.find((r) => r.inputs.kind === "RampartGraph");
            const guarded = kubernetesObjects(seen).filter(
                ({ inputs }) =>
                    (inputs.kind === "NetworkPolicy" && inputs.metadata.namespace !== "alpa-auth-etcd") ||
                    inputs.metadata.name === ADMIN_KEYS_SECRET.name,
            );
            assert.equal(guarded.length, installer === "existing" ? 0 : policyNames({}).length + 1);
            for (const r of guarded) {
                // Deleting the graph also deletes its namespace with these objects. A Helm release is created after
                // them, so Pulumi deletes it first.
                if (graph) assert.match(asked(r).deletedWith, /RampartGraph::alpa-gateway-graph$/, key(r));
                else assert.ok(comesAfter(seen, one(seen, "kubernetes:helm.sh/v3:Release"), r), key(r));
            }
        });

        it("callers do not wait for each other", async () => {
            const seen = await recordStack(installer);
            const [lab, nlp] = [oneOfKind(seen, "Consumer", "lab"), oneOfKind(seen, "Consumer", "nlp")];
            assert.ok(!comesAfter(seen, lab, nlp) && !comesAfter(seen, nlp, lab));
        });

        it("the stack's own provider creates everything in the cluster", async () => {
            for (const r of await recordStack(installer))
                if (r.type.startsWith("kubernetes:")) assert.match(r.provider ?? "", /kubernetes::cluster::/, key(r));
        });

        it("the kubeconfig and the keys are nowhere in plain text", async () => {
            const seen = await recordStack(installer, { cluster: { kubeconfig: KUBECONFIG } });
            for (const r of seen) assert.doesNotMatch(JSON.stringify(inputsOf(r)), /s3cret|generated/, key(r));
            // Records of revocations are only in the state, so they need no connection.
            const connected = seen.filter(
                ({ type }) => /:dynamic\/|providers:kubernetes$/.test(type) && !/Revocations$/.test(type),
            );
            assert.ok(connected.length >= 3, `${connected.length}`);
            for (const r of connected) assert.equal(plain(r.inputs.kubeconfig), KUBECONFIG, key(r));
        });
    });

describe("a change of callers", () => {
    it("a new caller is three new resources, and changes only the waits for all callers", async () => {
        const before = await recordStack("rampart");
        const after = await recordStack("rampart", { consumers: [CONSUMERS[0], added, CONSUMERS[1]] });
        assert.deepEqual(difference(before, after).changed, [PROOF, SHARED_WAIT]);
        assert.deepEqual(difference(before, after).added.sort(), [
            "kubernetes:apisix.apache.org/v1alpha1:Consumer new-consumer",
            "kubernetes:core/v1:Secret new.first-secret",
            "random:index/randomUuid:RandomUuid new.first-key",
        ]);
        assert.deepEqual(
            difference(after, before),
            { added: [], changed: [PROOF, SHARED_WAIT] },
            "the same waits change in a deletion",
        );
    });

    it("a new credential is two new resources, and changes its caller only", async () => {
        const [lab, nlp] = CONSUMERS;
        const before = await recordStack("rampart");
        const rotated = { ...nlp, credentials: [...nlp.credentials, { id: "2026b", method: "key" }] };
        const { added, changed } = difference(before, await recordStack("rampart", { consumers: [lab, rotated] }));
        assert.deepEqual(added.sort(), [
            "kubernetes:core/v1:Secret nlp.2026b-secret",
            "random:index/randomUuid:RandomUuid nlp.2026b-key",
        ]);
        assert.deepEqual(changed, [PROOF, "kubernetes:apisix.apache.org/v1alpha1:Consumer nlp-consumer", SHARED_WAIT]);
    });

    it("limits change the Consumer object, and no key", async () => {
        const [lab, nlp] = CONSUMERS;
        const before = await recordStack("rampart");
        const after = await recordStack("rampart", { consumers: [lab, { ...nlp, limits: { concurrent: 1 } }] });
        assert.deepEqual(difference(before, after), {
            added: [],
            changed: ["kubernetes:apisix.apache.org/v1alpha1:Consumer nlp-consumer"],
        });
    });
});

describe("what the operator gets", () => {
    /** The fake engine always generates the same text. */
    const KEY = derive(generatedText(64), generatedText(), "key");
    let cluster: IntraCluster | undefined;
    before(() => record(() => (cluster = new IntraCluster("alpa", settings("rampart"), stackSeed()))));

    it("include a request to paste with the first key, as a secret", async () => {
        assert.equal(await pulumi.isSecret(cluster!.curl), true);
        assert.equal(await value(cluster!.curl), keyLine("http://10.0.0.11:30800/alpa", KEY));
    });
    it("include an empty list without callers, still secret", async () => {
        let empty: IntraCluster | undefined;
        await record(() => (empty = new IntraCluster("alpa", settings("existing", { consumers: [] }), stackSeed())));
        assert.equal(await pulumi.isSecret(empty!.credentials), true);
        assert.deepEqual(await value(empty!.credentials), {});
        assert.doesNotMatch(await value(empty!.curl), /apikey/);
    });
});
