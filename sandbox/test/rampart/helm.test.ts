// Proves that values reach helm only through stdin, and that a cancelled installation ends before it is reported as such.
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Helm, HelmError } from "../../rampart/helm";

describe("Rampart's helm", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "rampart-helm-"))));
    afterEach(() => rmSync(folder, { recursive: true }));
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    const install = (script: string, signal = new AbortController().signal) => {
        const helmPath = join(folder, "helm");
        writeFileSync(helmPath, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
        const helm = new Helm({ helmPath, kubeConfigPath: "/kube/config", stateDir: join(folder, "state") });
        const chart = { repo: "https://charts.example.com", name: "apisix", version: "2.14.0" };
        const own = { chart, config: {}, inputs: {}, outputs: {} };
        const one = { ...own, name: "apisix", namespace: "inside", needs: [] };
        return helm.install(one, { password: "hidden" }, signal);
    };

    it("gets values only through stdin", async () => {
        await install(`echo "$@" > ${folder}/args; env > ${folder}/env; cat > ${folder}/stdin`);
        assert.match(read("args"), /^upgrade --install component apisix --repo https:.* --namespace inside --wait /);
        assert.equal(read("stdin"), "password: hidden\n");
        assert.match(read("env"), /^KUBECONFIG=\/kube\/config$/m);
        assert.doesNotMatch(read("args") + read("env"), /hidden/);
    });

    it("reports what a failed helm wrote to stderr", async () => {
        await assert.rejects(install('echo "Error: no" >&2; exit 3'), new HelmError("Error: no"));
    });

    it("has ended when a cancelled installation is reported", async () => {
        const stop = new AbortController();
        const script = `trap 'echo ended > ${folder}/ended; exit 1' TERM; echo > ${folder}/up; while :; do :; done`;
        const running = install(script, stop.signal);
        while (!existsSync(join(folder, "up"))) await new Promise((resolve) => setImmediate(resolve));
        stop.abort(new Error("changed"));
        await assert.rejects(running, /changed/);
        assert.equal(read("ended"), "ended\n");
    });
});
