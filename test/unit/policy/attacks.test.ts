// Proves that the rules of the policy pack accept the program's resources, and reject each attack. An attack changes one
// thing in a real resource of some option. No rule imports what renders the resources.
import { strict as assert } from "node:assert";
import { resourceOf } from "../../../policy/resources/resource";
import { RULES, violationsOf } from "../../../policy/rules";
import { recordStack } from "../kit/intra-a";
import { ATTACKS } from "./attacks";
import { find, more } from "./attacks/changes";
import { BASES, type Base } from "./bases";
import { FACTS } from "./facts";
import { givenOf, type Given } from "./stacks";

describe("the policy pack", () => {
    const bases = {} as Record<Base, Given[]>;
    before(async () => {
        for (const [name, build] of Object.entries(BASES)) bases[name as Base] = givenOf(await build());
    });
    const copy = (base: Base) => structuredClone(bases[base]);
    const judged = (resources: Given[], facts = FACTS) => violationsOf(resources.map(resourceOf), facts);

    for (const [name, attacks] of Object.entries(ATTACKS))
        describe(name, () => {
            for (const {
                base,
                attack: [what, change, message],
            } of attacks)
                it(`rejects ${what}`, () => {
                    const resources = copy(base);
                    change(resources);
                    const found = judged(resources)
                        .filter(({ rule }) => rule === name)
                        .map((violation) => violation.message);
                    const isIt = (one: string) =>
                        typeof message === "string" ? one.startsWith(message) : message.test(one);
                    assert.ok(found.some(isIt), `none is ${String(message)}: ${found.join("\n")}`);
                });
        });

    it("has an attack for each rule", () => {
        assert.deepEqual(Object.keys(ATTACKS).sort(), RULES.map(({ name }) => name).sort());
    });

    it("accepts the resources that the attacks change", () => {
        for (const base of Object.keys(bases) as Base[]) assert.deepEqual(judged(copy(base)), [], base);
    });

    it("accepts a chart that is a file", () => {
        const resources = copy("intra");
        const { inputs } = find(resources, "Release", "alpa-apisix-release");
        inputs.chart = "./charts/apisix-2.14.0.tgz";
        delete inputs.version;
        assert.deepEqual(judged(resources), []);
    });

    it("accepts a caller without credentials: its last one may have leaked", () => {
        const resources = copy("intra");
        find(resources, "Consumer", "lab").inputs.spec.credentials = [];
        assert.deepEqual(judged(resources), []);
    });

    it("accepts the annotations of CRDs, which come from the files of their projects", () => {
        const resources = copy("intra");
        const annotations = {
            "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/3328",
        };
        more("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", {
            kind: "CustomResourceDefinition",
            metadata: { name: "gateways.gateway.networking.k8s.io", annotations },
        })(resources);
        assert.deepEqual(judged(resources), []);
    });

    it("accepts the path of a kubeconfig, which the provider reads from the environment", () => {
        const resources = copy("intra");
        find(resources, "kubernetes", "cluster").inputs.kubeconfig = "/home/me/clusters/a.yaml:/home/me/.kube/config";
        assert.deepEqual(judged(resources), []);
    });

    it("accepts a stack whose config disables the guard", async () => {
        const guard = { off: "a test of Alpa itself" };
        assert.deepEqual(judged(givenOf(await recordStack("helm", { guard }))), []);
    });

    it("reports a secret in plain text next to one that a preview hides", () => {
        const resources = copy("intra");
        find(resources, "Secret", "lab.2026a").inputs.data = { key: "[secret]", other: "s3cret" };
        assert.match(JSON.stringify(judged(resources)), /data: must be secret/);
    });

    it("shows no secret in a message", () => {
        for (const { base, attack } of Object.values(ATTACKS).flat()) {
            const [what, change] = attack;
            const resources = copy(base);
            change(resources);
            const said = JSON.stringify(judged(resources));
            assert.ok(!said.includes("s3cret-s3cret-s3cret-s3cret") && !said.includes("BEGIN OPENSSH"), what);
        }
    });

    it("compares with no list if the program's commit has none, and with no config if a part of it is hidden", () => {
        const resources = copy("intra");
        more("kubernetes:batch/v1:Job", { kind: "Job" })(resources);
        find(resources, "ApisixUpstream", "alpa-completions").inputs.spec.externalNodes[0].name = "10.9.9.9";
        const rules = (facts: typeof FACTS) => judged(resources, facts).map(({ rule }) => rule);
        assert.deepEqual(rules(FACTS), ["hosts-of-config", "known-types"]);
        assert.deepEqual(rules({ config: FACTS.config }), ["hosts-of-config"]);
        assert.deepEqual(rules({ lists: FACTS.lists }), ["known-types"]);
    });
});
