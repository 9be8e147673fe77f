// Proves what a review reports for changes that no config explains: another program, another login, replaced and deleted objects.
// Steps are handwritten; transitions.test.ts has changes of the config.
import { strict as assert } from "node:assert";
import { codes } from "../../../../findings";
import { UNKNOWN_TEXT } from "../../../../../policy/resources/values";
import { below, review, said, step } from "./steps";

const SAME = { namespace: "alpa-auth" };
/** Steps of the stack's component and of the route below it. */
const stack = (old: object, now: object) => step("IntraCluster", "alpa", { ...SAME, ...old }, { ...SAME, ...now });
const unchanged = stack({}, {});
const route = (old: object, now: object) => below(unchanged, "ServerRoute", "alpa-route", old, now, "update");
const rules = (name: string, paths: string) => ({ metadata: { name: "rules" }, spec: { http: [{ name, paths }] } });

describe("review of objects", () => {
    it("reports nothing for an object whose component changes", () => {
        const component = route({ answerTimeoutSeconds: 600 }, { answerTimeoutSeconds: 900 });
        const object = below(component, "ApisixRoute", "alpa-route-rules", rules("a", "/a"), rules("a", "/b"));
        assert.deepEqual(codes(review([component, object])), ["harmless timeout-raised"]);
    });

    it("reports nothing if Pulumi only begins to overwrite fields of other clients, as it does to undo drift", () => {
        const provider = step(
            "Provider",
            "cluster",
            { kubeconfig: "a" },
            { kubeconfig: "a", enablePatchForce: "true" },
        );
        assert.deepEqual(codes(review([provider])), []);
    });

    it("reports an object that changes alone, with the changed fields", () => {
        const component = route({ answerTimeoutSeconds: 600 }, { answerTimeoutSeconds: 600 });
        const object = below(component, "ApisixRoute", "alpa-route-rules", rules("a", "/a"), rules("a", "/b"));
        const [finding, ...more] = review([object], { resources: [component.newState!, unchanged.newState!] });
        assert.deepEqual(more, []);
        assert.equal(
            `${finding.severity} ${finding.says}`,
            "risk ServerRoute alpa-route: no setting explains that ApisixRoute alpa-route-rules is changed",
        );
        const { property, old, new: now } = finding.evidence[0];
        assert.deepEqual([property, old, now], ["spec.http[0].paths", "/a", "/b"]);
    });

    it("reports nothing for the Secret that a revocation alone has left, but reports that of a credential in use", () => {
        const caller = step("Caller", "alice", { credentials: { b: {} } }, { credentials: { b: {} } });
        const secrets = ["alice.a-secret", "alice.b-secret"].map((name) =>
            below(caller, "Secret", name, {}, undefined),
        );
        const resources = [caller, ...secrets].map(({ oldState }) => oldState!);
        assert.deepEqual(
            review(secrets, { resources }).map(({ severity, says }) => `${severity}: ${says}`),
            ["breaks-callers: Caller alice: no setting explains that Secret alice.b-secret is deleted"],
        );
    });

    it("reports an object that is deleted alone as dangerous as what it protects", () => {
        const policy = below(unchanged, "NetworkPolicy", "closed", { metadata: { name: "closed" } }, undefined);
        const map = below(unchanged, "ConfigMap", "profile", { metadata: { name: "profile" } }, undefined);
        assert.deepEqual(codes(review([policy, map])), ["breaks-callers unexplained", "risk unexplained"]);
    });

    it("lists for another program every object that it renders differently, one group for a component", () => {
        const other = stack({ program: "a" }, { program: "b", url: "http://b" });
        const objects = Array.from({ length: 40 }, (_, i) =>
            below(other, "ConfigMap", `map-${i}`, { data: { a: "1" } }, { data: { a: "2" } }),
        );
        const findings = review([other, ...objects]);
        assert.deepEqual(codes(findings), [
            "breaks-callers access-changed",
            "risk unexplained",
            "harmless program-changed",
        ]);
        const [{ says, evidence }] = findings.filter(({ code }) => code === "unexplained");
        assert.match(
            says,
            /^This version of the program renders IntraCluster alpa differently: ConfigMap map-0 is changed, .* and 35 more$/,
        );
        assert.equal(evidence.length, 40);
    });

    it("says of another program that renders everything as before only that it changes", () => {
        const other = stack({ program: "a" }, { program: "b" });
        const wait = below(other, "Awaited", "wait", { a: 1 }, { a: 2 });
        assert.deepEqual(codes(review([other, wait])), ["harmless program-changed"]);
    });

    it("reports a component and an input that it does not know, and a value that is not known yet", () => {
        assert.deepEqual(codes(review([step("Other", "new", undefined, { a: 1 })])), ["risk unknown-resource"]);
        assert.deepEqual(codes(review([route({}, { novel: 1 })])), ["risk other-change"]);
        const open = { retryAfterSeconds: UNKNOWN_TEXT };
        assert.deepEqual(codes(review([route({ closed: { retryAfterSeconds: 60 } }, { closed: open })])), [
            "risk unknown-until-apply",
        ]);
    });
});

describe("review of what holds state or serves callers, whatever changes it", () => {
    const explained = stack({ url: "http://a" }, { url: "http://b" });
    const seed = (op: string) => step("RandomPassword", "seed", { length: 32 }, { length: 40 }, op);
    const identity = (id: string) => ({ identities: { cluster: { id, at: "10.0.0.1" } } });
    const login = (kubeconfig: string, clusterIdentifier: string) => ({ kubeconfig, clusterIdentifier });
    const cases: [what: string, steps: Parameters<typeof review>[0], expected: RegExp][] = [
        [
            "a deleted namespace",
            [step("Namespace", "n", {}, undefined)],
            /breaks-callers data-deleted: Namespace n is deleted/,
        ],
        [
            "a replaced Service",
            [step("Service", "s", {}, { a: 1 }, "replace")],
            /breaks-callers service-interrupted: Service s/,
        ],
        [
            "a deleted record of revocations",
            [step("Revocations", "r", {}, undefined)],
            /risk protection-weakened: Revocations r/,
        ],
        [
            "another number of etcd members",
            [below(unchanged, "Etcd", "alpa-etcd", { members: 1 }, { members: 3 }, "update")],
            /^breaks-callers data-deleted: etcd has 3 members instead of 1/,
        ],
        ["a replaced seed", [seed("replace")], /breaks-callers all-credentials-change/],
        [
            "another cluster",
            [step("StackIdentity", "identity", identity("a"), identity("b"))],
            /breaks-callers stack-moved: The stack moves: cluster 10\.0\.0\.1 \(a\) becomes 10\.0\.0\.1 \(b\)/,
        ],
        [
            "another login of the same cluster",
            [step("Provider", "cluster", login("a", "uid"), login("b", "uid"))],
            /^harmless changed-inside: Provider cluster: another login of the same cluster/,
        ],
        [
            "another login of a cluster that is not known yet",
            [step("Provider", "cluster", login("a", "uid"), login("b", UNKNOWN_TEXT))],
            /^risk other-change: Provider cluster/,
        ],
        [
            "a renamed object without an alias",
            [
                step("Consumer", "new", undefined, { metadata: { name: "lab" } }),
                step("Consumer", "old", { metadata: { name: "lab" } }, undefined),
            ],
            /breaks-callers re-created: old is renamed to new without an alias/,
        ],
    ];
    for (const [what, steps, expected] of cases)
        it(`reports ${what}`, () =>
            assert.match(said([explained, ...steps.map((one) => ({ ...one }))]).join("\n"), new RegExp(expected, "m")));
});
