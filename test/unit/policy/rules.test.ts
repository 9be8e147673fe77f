// Proves that each rule of the policy pack accepts the program's resources, and rejects a changed resource. Each case changes
// one thing in a real resource of some option.
import { strict as assert } from "node:assert";
import { resourceOf } from "../../../policy/resources/resource";
import { RULES, violationsOf } from "../../../policy/rules";
import { recordStack } from "../kit/intra-a";
import { CASES } from "./cases";
import { find, more, values } from "./cases/changes";
import { BASES, type Base } from "./bases";
import { givenOf, type Given } from "./stacks";

describe("each rule of the policy pack", () => {
    const bases = {} as Record<Base, Given[]>;
    before(async () => {
        for (const [name, build] of Object.entries(BASES)) bases[name as Base] = givenOf(await build());
    });
    const copy = (base: Base) => structuredClone(bases[base]);

    for (const [name, cases] of Object.entries(CASES))
        describe(name, () => {
            const rules = RULES.filter((rule) => rule.name === name);
            for (const [what, base, change, message] of cases)
                it(`rejects ${what}`, () => {
                    const resources = copy(base);
                    change(resources);
                    const found = violationsOf(resources.map(resourceOf), rules);
                    assert.match(found.map((violation) => violation.message).join("\n"), message);
                });
        });

    it("has a case", () => {
        assert.deepEqual(Object.keys(CASES).sort(), RULES.map(({ name }) => name).sort());
    });

    it("accepts the resources that its cases change", () => {
        for (const base of Object.keys(bases) as Base[]) assert.deepEqual(violationsOf(copy(base).map(resourceOf)), []);
    });

    /** Violations of all rules except the comparison with the rendering. */
    const besidesRendering = (resources: Given[]) =>
        violationsOf(
            resources.map(resourceOf),
            RULES.filter(({ name }) => name !== "as-rendered"),
        );

    it("accepts an etcd that is elsewhere, and a patch that changes another Deployment", () => {
        const resources = copy("inter");
        values((v) => (v.etcd = { enabled: false }))(resources);
        more(
            "kubernetes:apps/v1:DeploymentPatch",
            {
                kind: "Deployment",
                metadata: { name: "other", namespace: "other" },
                spec: {
                    replicas: 2,
                    template: { spec: { containers: [{ name: "a" }], terminationGracePeriodSeconds: 5 } },
                },
            },
            "alpa-auth:components:InterCluster",
        )(resources);
        assert.deepEqual(besidesRendering(resources), []);
    });

    it("accepts a chart that is a file, and a named port that is not opened", () => {
        const resources = copy("intra");
        find(resources, "Release", "alpa-apisix-release").inputs.chart = "./charts/apisix-2.14.0.tgz";
        delete find(resources, "Release", "alpa-apisix-release").inputs.version;
        const ports = [{ port: 80, targetPort: "http" }];
        more("kubernetes:core/v1:Service", { kind: "Service", spec: { type: "ClusterIP", ports } })(resources);
        assert.deepEqual(besidesRendering(resources), []);
    });

    it("accepts the path of a kubeconfig, which the provider reads from the environment", () => {
        const resources = copy("intra");
        find(resources, "kubernetes", "cluster").inputs.kubeconfig = "/home/me/clusters/a.yaml:/home/me/.kube/config";
        assert.deepEqual(violationsOf(resources.map(resourceOf)), []);
    });

    it("reports a secret in plain text next to one that a preview hides", () => {
        const resources = copy("intra");
        find(resources, "Secret", "lab.2026a").inputs.data = { key: "[secret]", other: "s3cret" };
        assert.match(JSON.stringify(violationsOf(resources.map(resourceOf))), /data: must be secret/);
    });

    it("rejects only the missing guard of a stack whose config disables the guard", async () => {
        const guard = { enabled: false, reason: "a test of Alpa itself" };
        const found = violationsOf(givenOf(await recordStack("helm", { guard })).map(resourceOf));
        assert.deepEqual(
            [...new Set(found.map(({ rule, name }) => `${rule} ${name}`))],
            ["alpa-guarded alpa-route-rules"],
        );
    });

    it("has an example that it rejects, a sentence with the requirement and a sentence with the reason", () => {
        for (const { name, title, reason, example, ...rule } of RULES) {
            assert.match(title, /^[A-Z].*\.$/, name);
            assert.match(reason, /^[A-Z].*\.$/, name);
            const { type, inputs, inside } = example;
            const types = inside ? `${inside}$${type}` : type;
            const urn = `urn:pulumi:s::p::${types}::example`;
            const resource = resourceOf({ type, name: "example", urn, protect: false, inputs });
            assert.ok(rule.check!(resource).length > 0, name);
        }
    });
});
