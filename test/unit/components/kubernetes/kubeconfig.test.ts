import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { parseKubeconfig, plainAccess } from "../../../../components/kubernetes/kubeconfig";
import { KUBECONFIG } from "../../kit/intra-a";

const refused: [what: string, text: string, why: RegExp][] = [
    ["an empty text", "", /plain text/],
    ["plain text", "s3cret-token", /plain text/],
    ["a path", "/root/.kube/config", /plain text/],
    ["a list", "- s3cret-token", /no clusters, no contexts, no users/],
    ["a mapping of other keys", "token: s3cret-token", /no clusters, no contexts, no users/],
    ["a kubeconfig without clusters", KUBECONFIG.replace(/^clusters:.*$/m, "clusters: []"), /^it has no clusters$/],
    ["a kubeconfig without users", KUBECONFIG.replace(/^users:.*$/m, ""), /^it has no users$/],
    [
        "clusters that are not a list",
        KUBECONFIG.replace(/^clusters:.*$/m, "clusters: s3cret-token"),
        /^it has no clusters$/,
    ],
];

describe("parseKubeconfig", () => {
    it("accepts a kubeconfig", () => assert.deepEqual(parseKubeconfig(KUBECONFIG), { ok: true }));
    it("accepts one in JSON", () => {
        const one = [{ name: "a" }];
        assert.ok(parseKubeconfig(JSON.stringify({ clusters: one, contexts: one, users: one })).ok);
    });
    for (const [what, text, why] of refused)
        it(`rejects ${what}, without repeating it`, () => {
            const parsed = parseKubeconfig(text);
            assert.ok(!parsed.ok);
            assert.match(parsed.why, why);
            assert.doesNotMatch(parsed.why, /s3cret/);
        });
    it("rejects broken YAML, without repeating it", () => {
        const parsed = parseKubeconfig("users: [{ token: s3cret-token");
        assert.ok(!parsed.ok);
        assert.doesNotMatch(parsed.why, /s3cret/);
    });
});

describe("plainAccess", () => {
    it("returns the kubeconfig in plain text, for the moment of use", async () =>
        assert.deepEqual(await plainAccess({ kubeconfig: pulumi.secret("text"), context: "one" }), {
            kubeconfig: "text",
            context: "one",
        }));
    it("leaves the environment's kubeconfig to the reader", async () =>
        assert.deepEqual(await plainAccess({ context: "one" }), { context: "one" }));
});
