import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parseKubeconfig, plainAccess } from "../../../../components/kubernetes/kubeconfig";
import { kubeconfigContent, kubectlOf, serverOf } from "../../../../components/kubernetes/kubeconfig-content";
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

const TOKEN = "s3cret-token";

describe("the content of a kubeconfig", () => {
    const before = process.env.KUBECONFIG;
    let folder: string;

    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "kubeconfig-"))));
    afterEach(() => {
        if (before === undefined) delete process.env.KUBECONFIG;
        else process.env.KUBECONFIG = before;
        rmSync(folder, { recursive: true });
    });

    function kubeconfig(name: string, { user = { token: TOKEN } as object, cluster = {} } = {}): string {
        return JSON.stringify({
            clusters: [{ name, cluster: { server: `https://${encodeURIComponent(name)}`, ...cluster } }],
            users: [{ name, user }],
            contexts: [{ name, context: { cluster: name, user: name } }],
            "current-context": name,
        });
    }
    const write = (name: string, text: string) => (writeFileSync(join(folder, name), text), join(folder, name));

    it("is that of the files of KUBECONFIG, of which the first one has precedence", () => {
        const [a, b] = [write("a", kubeconfig("a")), write("b", kubeconfig("b"))];
        process.env.KUBECONFIG = `${join(folder, "missing")}:${a}:${b}`;
        assert.equal(serverOf(kubeconfigContent({})), "https://a");
        assert.equal(serverOf(kubeconfigContent({ context: "b" })), "https://b");
    });

    it("gives commands that name its cluster, so that they reach no other one from another shell", () => {
        process.env.KUBECONFIG = [write("a", kubeconfig("a")), write("b c", kubeconfig("b c"))].join(":");
        assert.equal(kubectlOf({}, "alpa-auth"), "kubectl --context a --server https://a -n alpa-auth");
        assert.equal(kubectlOf({ context: "b c" }), "kubectl --context 'b c' --server https://b%20c");
    });

    it("does not change if the file is exchanged for one with further clusters", () => {
        process.env.KUBECONFIG = write("a", kubeconfig("a"));
        const alone = kubeconfigContent({});
        process.env.KUBECONFIG = [process.env.KUBECONFIG, write("b", kubeconfig("b"))].join(":");
        assert.equal(kubeconfigContent({}), alone);
        assert.doesNotMatch(alone, /https:\/\/b/);
    });

    it("has the content of certificate files, and absolute paths of other files", () => {
        write("ca.pem", "the CA");
        const user = { "client-key-data": "a2V5", "client-key": "ignored", tokenFile: "token" };
        process.env.KUBECONFIG = write("a", kubeconfig("a", { user, cluster: { "certificate-authority": "ca.pem" } }));
        const { clusters, users } = JSON.parse(kubeconfigContent({}));
        assert.deepEqual(clusters[0].cluster, {
            server: "https://a",
            "certificate-authority-data": Buffer.from("the CA").toString("base64"),
        });
        assert.deepEqual(users[0].user, { "client-key-data": "a2V5", tokenFile: join(folder, "token") });
    });

    it("says that there is no kubeconfig", () => {
        process.env.KUBECONFIG = join(folder, "missing");
        assert.throws(() => kubeconfigContent({}), {
            message: `the stack file sets none, and ${join(folder, "missing")} does not exist`,
        });
    });

    it("fails with the name of a context that has no cluster", () =>
        assert.throws(
            () => kubeconfigContent({ kubeconfig: kubeconfig("a"), context: "two" }),
            /no cluster for context two/,
        ));

    for (const [what, text, expected] of [
        ["is no YAML", `users:\n- user: { token: ${TOKEN}\n  name: u\n`, /^the kubeconfig must be YAML .*, line \d+$/],
        ["is empty", "", /^the kubeconfig must be YAML with clusters, users and contexts$/],
    ] as const)
        it(`reports a kubeconfig that ${what} without its text`, () => {
            assert.throws(
                () => kubeconfigContent({ kubeconfig: text }),
                ({ message }: Error) => expected.test(message) && !message.includes(TOKEN.slice(0, 6)),
            );
        });
});
