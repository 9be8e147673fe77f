import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { Rampart } from "../../../../components/rampart/rampart";
import { asked, comesAfter, inputsOf, one, record } from "../../../kit";

const install = {
    repository: "https://charts.example.org",
    version: "1.2.3",
};
const args = { ...install, cluster: {} };
const base64 = (text: string) => Buffer.from(text).toString("base64");
const GUARD = "pulumi-nodejs:dynamic/alpa-auth:Awaited";
const RELEASE = "kubernetes:helm.sh/v3:Release";

describe("Rampart", () => {
    it("has a guard that is deleted before it", async () => {
        const seen = await record(() => new Rampart("alpa-rampart", args));
        assert.ok(comesAfter(seen, one(seen, GUARD, "alpa-rampart-guard"), one(seen, RELEASE)));
    });

    it("gives the kubeconfig only to the guard, as a secret", async () => {
        const cluster = { kubeconfig: pulumi.secret("s3cret-kubeconfig"), context: "one" };
        const seen = await record(() => new Rampart("alpa-rampart", { ...install, cluster }));
        for (const r of seen) assert.doesNotMatch(JSON.stringify(inputsOf(r)), /s3cret/, r.name);
        const holders = seen.filter((r) => /s3cret/.test(JSON.stringify(inputsOf(r, (secret) => secret))));
        assert.deepEqual(
            holders.map((r) => r.name),
            ["alpa-rampart-guard"],
        );
    });

    it("is the operator's own chart, exactly the version of the config", async () => {
        const seen = await record(() => new Rampart("alpa-rampart", args));
        const { chart, version, namespace, repositoryOpts } = one(seen, RELEASE).inputs;
        assert.deepEqual(
            { chart, version, namespace, repositoryOpts },
            {
                chart: "rampart",
                version: "1.2.3",
                namespace: "rampart-system",
                repositoryOpts: { repo: "https://charts.example.org" },
            },
        );
    });

    it("adopts its own release that a killed run has begun", async () => {
        const seen = await record(() => new Rampart("rampart", args));
        assert.deepEqual(asked(one(seen, RELEASE)).beforeCreate, ["rampart-release-taken-over"]);
    });

    it("creates its namespace first where the cluster is new, and not otherwise", async () => {
        const NAMESPACE = "kubernetes:core/v1:Namespace";
        const own = { ...args, ownNamespace: true, credentialsSecret: "repository" };
        const data = { username: base64("reader"), password: base64("s3cret") };
        const seen = await record(() => new Rampart("alpa-rampart", own), { "alpa-rampart-credentials": { data } });
        const home = one(seen, NAMESPACE);
        assert.equal(home.inputs.metadata.name, "rampart-system");
        assert.ok(comesAfter(seen, one(seen, RELEASE), home));
        const there = await record(() => new Rampart("alpa-rampart", args));
        assert.ok(!there.some(({ type }) => type === NAMESPACE));
    });

    it("reads no Secret unless one is named", async () => {
        const seen = await record(() => new Rampart("alpa-rampart", args));
        assert.ok(!seen.some((r) => r.type === "kubernetes:core/v1:Secret"));
    });

    it("reads the repository's credentials from the named Secret, and keeps the password secret", async () => {
        const seen = await record(() => new Rampart("alpa-rampart", { ...args, credentialsSecret: "repository" }), {
            "alpa-rampart-credentials": { data: { username: base64("reader"), password: base64("s3cret") } },
        });
        const looked = one(seen, "kubernetes:core/v1:Secret", "alpa-rampart-credentials");
        assert.equal(looked.id, "rampart-system/repository");
        const found = one(seen, RELEASE);
        assert.doesNotMatch(JSON.stringify(inputsOf(found)), /s3cret/);
        assert.deepEqual(inputsOf(found, (s) => s).repositoryOpts, {
            repo: "https://charts.example.org",
            username: "reader",
            password: "s3cret",
        });
    });
});
