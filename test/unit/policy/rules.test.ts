// Proves, for each rule of the policy pack, that what the program asks for passes and that a change of it is refused: each
// case takes a real resource of some option and changes one thing. What a case does not change stays without a word.
import { strict as assert } from "node:assert";
import { resourceOf, RULES, UNKNOWN, violationsOf } from "../../../policy/rules";
import { CASES } from "./cases";
import { more, values } from "./changes";
import { BASES, type Base } from "./bases";
import { givenOf, type Given } from "./stacks";

describe("each rule of the policy pack", function () {
    this.timeout(120_000); // the first one compiles what it needs
    const bases = {} as Record<Base, Given[]>;
    before(async () => {
        for (const [name, build] of Object.entries(BASES)) bases[name as Base] = givenOf(await build());
    });
    const copy = (base: Base) => structuredClone(bases[base]);

    for (const [rule, cases] of Object.entries(CASES))
        describe(rule, () => {
            for (const [what, base, change, message] of cases)
                it(`refuses ${what}`, () => {
                    const resources = copy(base);
                    change(resources);
                    const found = violationsOf(resources.map(resourceOf));
                    const mine = found.filter((violation) => violation.rule === rule);
                    assert.match(mine.map((violation) => violation.message).join("\n"), message);
                });
        });

    it("has a case", () => {
        assert.deepEqual(Object.keys(CASES).sort(), RULES.map(({ name }) => name).sort());
    });

    it("passes what its cases change", () => {
        for (const base of Object.keys(bases) as Base[]) assert.deepEqual(violationsOf(copy(base).map(resourceOf)), []);
    });

    it("lets pass an etcd that is elsewhere, and a patch that changes another Deployment", () => {
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
        assert.deepEqual(violationsOf(resources.map(resourceOf)), []);
    });

    it("has an example that it refuses, a sentence of what must hold and one of why", () => {
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

    it("says nothing of what is not known before the run", () => {
        // Everything inside the inputs that a run decides; kinds, names and the form around it stay.
        const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
        const said: unknown[] = [];
        for (const base of Object.keys(bases) as Base[])
            for (const given of copy(base)) {
                const { kind, apiVersion, metadata, ...rest } = given.inputs;
                const inputs = Object.fromEntries(Object.keys(rest).map((field) => [field, unknown]));
                const resource = resourceOf({ ...given, inputs: { kind, apiVersion, metadata, ...inputs } });
                const found = violationsOf(
                    [resource],
                    RULES.map((rule) => ({ ...rule, checkStack: undefined })),
                );
                assert.ok(Object.values(resource.props).includes(UNKNOWN) || Object.keys(rest).length === 0);
                said.push(...found);
            }
        assert.deepEqual(said, []);
    });

    it("shows no secret in a message", () => {
        const secret = "s3cret-s3cret-s3cret-s3cret";
        for (const cases of Object.values(CASES))
            for (const [what, base, change] of cases) {
                const resources = copy(base);
                change(resources);
                const said = JSON.stringify(violationsOf(resources.map(resourceOf)));
                assert.ok(!said.includes(secret) && !said.includes("BEGIN OPENSSH"), what);
            }
    });
});
