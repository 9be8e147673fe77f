// Proves the owner of objects, which release records the program adopts, and the network policies.
import { strict as assert } from "node:assert";
import { networkPolicies } from "../../../../components/apisix/pod-objects";
import { recordSelector } from "../../../../components/kubernetes/helm-records";
import { policyNames } from "../../../../components/kubernetes/network-policies";
import { metadata, owner, OWNER_ANNOTATION } from "../../../../components/kubernetes/ownership";
import { record, type Seen } from "../../../kit";

describe("metadata", () => {
    before(() => record(() => undefined)); // metadata() needs the name of a stack, which is alpa-auth/test.

    it("names the stack that created an object", () => {
        assert.equal(owner(), "alpa-auth/test");
        assert.equal(metadata("a").annotations[OWNER_ANNOTATION], "alpa-auth/test");
    });
    it("has the same field manager in every run", () =>
        assert.equal(metadata("a").annotations["pulumi.com/patchFieldManager"], "alpa-auth"));
});

describe("takeOverRelease", () => {
    it("adopts the records of one release, in any state, if the namespace is the stack's own", () =>
        assert.equal(recordSelector("team-a", "any"), "owner=helm,name=team-a"));

    it("adopts only an installation that never ended, where others may have installed the release", () =>
        assert.equal(recordSelector("rampart", "unfinished"), "owner=helm,name=rampart,status=pending-install"));
});

interface Pod {
    [label: string]: string;
}
const APISIX: Pod = { "app.kubernetes.io/name": "apisix" };
const CONTROLLER: Pod = { "app.kubernetes.io/name": "ingress-controller" };
const ALIASED: Pod = { "app.kubernetes.io/name": "apisix-ingress-controller" };
const STRANGER: Pod = { app: "stranger" };
/** A peer outside the namespace: no pod selector without a namespace selector matches it. */
const OUTSIDE = undefined;

function selects(selector: any, pod: Pod): boolean {
    const labels = Object.entries(selector.matchLabels ?? {}).every(([k, v]) => pod[k] === v);
    return (
        labels &&
        (selector.matchExpressions ?? []).every((e: any) => e.operator === "In" && e.values.includes(pod[e.key]))
    );
}

/** Whether Kubernetes allows a connection: if policies select the pod, one of them must allow it. */
function open(policies: Seen[], to: Pod, port: number, from: Pod | undefined): boolean {
    const mine = policies.map((p) => p.inputs.spec).filter((spec) => selects(spec.podSelector, to));
    if (mine.length === 0) return true;
    return mine
        .flatMap((spec) => spec.ingress ?? [])
        .some(
            (rule) =>
                (rule.ports ?? [{ port }]).some((p: any) => p.port === port && p.protocol === "TCP") &&
                (rule.from === undefined ||
                    (from !== OUTSIDE && rule.from.some((f: any) => selects(f.podSelector, from)))),
        );
}

const cases: [what: string, to: Pod, port: number, from: Pod | undefined, open: boolean][] = [
    ["callers reach the data port", APISIX, 9080, OUTSIDE, true],
    ["callers do not reach the Admin API", APISIX, 9180, OUTSIDE, false],
    ["callers do not reach APISIX's control port", APISIX, 9090, OUTSIDE, false],
    ["callers do not reach the ingress controller", CONTROLLER, 8080, OUTSIDE, false],
    ["the ingress controller reaches the Admin API", APISIX, 9180, CONTROLLER, true],
    ["the ingress controller reaches it under its other name", APISIX, 9180, ALIASED, true],
    ["a stranger in the namespace does not reach the Admin API", APISIX, 9180, STRANGER, false],
    ["no peer reaches a pod of another kind", STRANGER, 80, APISIX, false],
];

describe("networkPolicies", () => {
    const build = () => record(() => networkPolicies("alpa-policies", { namespace: "gateway" }, {}));
    for (const [what, to, port, from, expected] of cases)
        it(what, async () => {
            const policies = (await build()).filter((r) => r.inputs.kind === "NetworkPolicy");
            assert.equal(open(policies, to, port, from), expected);
        });

    it("admit only the connectors where they are the only exposure", async () => {
        const callersFrom = { namespace: "alpa", labels: { role: "connector" } };
        const all = await record(() => networkPolicies("p", { namespace: "gateway", callersFrom }, {}));
        const policies = all.filter((r) => r.inputs.kind === "NetworkPolicy");
        const callers = policies.filter((p) => p.inputs.metadata.name === "alpa-auth-apisix");
        assert.deepEqual(callers[0].inputs.spec.ingress.slice(0, 1), [
            {
                from: [
                    {
                        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "alpa" } },
                        podSelector: { matchLabels: { role: "connector" } },
                    },
                ],
                ports: [{ port: 9080, protocol: "TCP" }],
            },
        ]);
        assert.equal(open(policies, APISIX, 9080, OUTSIDE), false);
        assert.equal(open(policies, APISIX, 9180, CONTROLLER), true);
    });

    it("are the policies that preflight checks, all in the gateway's namespace, for ingress", async () => {
        const policies = (await build()).filter((r) => r.inputs.kind === "NetworkPolicy");
        assert.deepEqual(policies.map((p) => p.inputs.metadata.name).sort(), policyNames({}).sort());
        for (const { inputs } of policies) {
            assert.equal(inputs.metadata.namespace, "gateway");
            assert.deepEqual(inputs.spec.policyTypes, ["Ingress"]);
        }
    });
});
