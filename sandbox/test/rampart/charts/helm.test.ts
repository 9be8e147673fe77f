// Proves the arguments and the input that the helm program gets. A script that records them replaces helm.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HelmCli, repoFlags } from "../../../rampart/charts/helm.js";
import { HelmError, HelmTimeout } from "../../../rampart/charts/helm-runner.js";

describe("helm command line", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "rampart-helm-"))));
    afterEach(() => rmSync(folder, { recursive: true }));

    const cli = (script: string) => {
        const helmPath = join(folder, "helm");
        writeFileSync(helmPath, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
        return new HelmCli({ helmPath, kubeConfigPath: "/kube/config", stateDir: join(folder, "state") });
    };
    const record = () => cli(`echo "$@" > ${folder}/args; env > ${folder}/env; cat > ${folder}/stdin`);
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    const limits = (timeoutSeconds = 10) => ({ timeoutSeconds, signal: new AbortController().signal });
    const request = {
        release: "component",
        namespace: "default-g-svc",
        chart: { repo: "repo", name: "chart", version: ">0.0.0-0" },
        values: { password: "hidden" },
        timeoutSeconds: 600,
        wait: true,
    } as const;

    it("gets values only through stdin, waits, and has its own home folder", async () => {
        await record().upgradeInstall(request, new AbortController().signal);
        assert.equal(
            read("args").trim(),
            "upgrade --install component repo/chart --namespace default-g-svc --version >0.0.0-0 --wait --timeout 600s --values -",
        );
        assert.equal(read("stdin"), "password: hidden\n");
        assert.match(read("env"), /^KUBECONFIG=\/kube\/config$/m);
        assert.match(read("env"), new RegExp(`^HELM_CONFIG_HOME=${folder}/state/`, "m"));
        assert.doesNotMatch(read("env"), /hidden/);
    });

    it("gets a repo's password only through stdin", async () => {
        const options = { username: "u", password: "hidden", passCredentials: "true" };
        await record().repoCheck({ name: "repo", url: "https://charts.example.com", options }, limits());
        const args =
            "repo add repo https://charts.example.com --force-update --username u --password-stdin --pass-credentials";
        assert.equal(read("args").trim(), args);
        assert.equal(read("stdin"), "hidden");
    });

    it("reports exit code and output of a helm that fails", async () => {
        const running = cli('echo out; echo "Error: no" >&2; exit 3').uninstall("component", "ns");
        await assert.rejects(running, (error) => {
            assert.ok(error instanceof HelmError);
            assert.deepEqual([error.code, error.stdout, error.stderr], [3, "out\n", "Error: no\n"]);
            return true;
        });
    });

    it("ends a helm that takes too long", async () => {
        const repo = { name: "repo", url: "https://charts.example.com", options: {} };
        await assert.rejects(cli("exec sleep 60").repoCheck(repo, limits(0.1)), HelmTimeout);
    });

    it("stops a helm that is cancelled, and returns only then", async () => {
        const stop = new AbortController();
        const running = cli(
            `trap 'echo ended > ${folder}/ended; exit 1' TERM; echo > ${folder}/up; while :; do :; done`,
        );
        const upgrade = running.upgradeInstall(request, stop.signal);
        const started = async () => {
            for (;;) {
                try {
                    return read("up");
                } catch {
                    await new Promise((resolve) => setImmediate(resolve));
                }
            }
        };
        await started();
        stop.abort(new Error("changed"));
        await assert.rejects(upgrade, /changed/);
        assert.equal(read("ended"), "ended\n");
    });

    it("turns keys of a Secret into flags and leaves out force-update", () => {
        const { flags } = repoFlags({ caFile: "/ca", "insecure-skip-tls-verify": "true", forceUpdate: "true" });
        assert.deepEqual(flags, ["--ca-file", "/ca", "--insecure-skip-tls-verify"]);
    });
});
