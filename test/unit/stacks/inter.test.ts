import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse as parseYaml } from "yaml";
import { inter } from "../../../stacks/inter";
import { comesAfter, one, plain, record, value } from "../../kit";
import { CALLS } from "../kit/cloudflare";
import { SAID, SSH, THREE } from "../kit/cluster-nodes";
import { interSettings, interValues, parseInter } from "../kit/inter";

describe("stack inter", () => {
    it("connects to its cluster by another node while the first is down, also on destroy", async () => {
        const settings = parseInter(interValues({ cluster: { nodes: THREE }, ssh: SSH }));
        const fallbackAccess = { kubeconfig: pulumi.secret("by another node") };
        let outputs: ReturnType<typeof inter> | undefined;
        const seen = await record(
            () => (outputs = inter({ ...settings, cluster: { clusterUid: "uid" }, fallbackAccess })),
            SAID,
            CALLS,
        );
        const provider = one(seen, "pulumi:providers:kubernetes");
        assert.ok(pulumi.runtime.isRpcSecret(provider.inputs.kubeconfig));
        assert.equal(plain(provider.inputs.kubeconfig), "by another node");
        assert.ok(comesAfter(seen, provider, one(seen, "command:remote:Command", "nodes-cluster")));
        assert.equal(await value(outputs!.kubeconfig!), "by another node");
    });

    it("has a shipped stack file with valid settings, which cause no warning", () => {
        const file = readFileSync(join(__dirname, "../../../Pulumi.inter.yaml"), "utf8");
        const { config } = parseYaml(file) as { config: Record<string, unknown> };
        const own = Object.entries(config).map(([key, v]) => [key.replace("alpa-auth:", ""), v]);
        const settings = parseInter(Object.fromEntries(own) as Record<string, unknown>);
        assert.deepEqual(settings.warnings, []);
        assert.equal(settings.gateway.release.replicas, interSettings("rampart").gateway.release.replicas);
    });
});
