// Proves what MicroK8s' emulator prints about add-ons and its state, and its exit codes.
import assert from "node:assert/strict";
import { done, Hosts, root, text } from "./kit";

const API_SERVER = "var/snap/microk8s/current/args/kube-apiserver";

describe("add-ons of the emulator of MicroK8s", () => {
    const hosts = new Hosts();
    let host: Awaited<ReturnType<Hosts["start"]>>;
    before(async () => {
        host = await hosts.installed("one");
    });

    it("are reported as unknown, or as already enabled, with exit code 0", async () => {
        assert.match(await done(host, "microk8s enable no-such-addon"), /not found/);
        await done(host, "microk8s enable dns 192.0.2.1");
        assert.match(await done(host, "microk8s enable dns 192.0.2.2"), /Addon core\/dns is already enabled/);
        assert.match(await done(host, "microk8s enable dns:192.0.2.2"), /already enabled/);
    });

    it("accept several names for several add-ons, and treat other words as arguments of the first", async () => {
        assert.match(await done(host, "microk8s enable hostpath-storage metrics-server"), /^WARNING: /);
        for (const name of ["hostpath-storage", "metrics-server"]) {
            assert.equal(await done(host, `microk8s status -a ${name}`), "enabled");
            await done(host, `microk8s disable ${name}`);
        }
        assert.equal((await root(host, "microk8s enable dns:a b")).code, 1);
    });

    it("fail when a fault says so, with the exit code of the script", async () => {
        host.faults.add({ step: "addon", addon: "hostpath-storage", code: 7 });
        assert.equal((await root(host, "microk8s enable hostpath-storage")).code, 7);
        await done(host, "microk8s enable hostpath-storage");
        const path = "/apis/storage.k8s.io/v1/storageclasses/microk8s-hostpath";
        assert.equal((await hosts.api.request("GET", path)).status, 200);
    });

    it("enable RBAC only on the node where the command runs; a node that joins copies it", async () => {
        const other = await hosts.joined(host, "other");
        await done(host, "microk8s enable rbac");
        assert.match(text(host, API_SERVER), /--authorization-mode=RBAC,Node/);
        assert.match(text(other, API_SERVER), /--authorization-mode=AlwaysAllow/);
        const third = await hosts.joined(host, "third");
        assert.match(text(third, API_SERVER), /--authorization-mode=RBAC,Node/);
    });

    it("reject add-ons and subcommands that it does not emulate, by name", async () => {
        for (const line of ["enable gpu", "enable metallb", "reset", "inspect", "status --output x", "config --x"]) {
            const { code, err } = await root(host, `microk8s ${line}`);
            assert.deepEqual([code, /^unsupported by the sandbox: .*\n$/.test(err)], [70, true], line);
        }
    });

    it("report a stopped snap as not running, with exit code 0", async () => {
        await done(host, "microk8s stop");
        assert.equal(await done(host, "microk8s status --wait-ready"), "microk8s is not running, try microk8s start");
        assert.equal((await root(host, "microk8s enable dns")).code, 1);
        assert.match((await root(host, "microk8s kubectl get nodes")).err, /was refused/);
        await done(host, "microk8s start");
        assert.match(await done(host, "microk8s status --wait-ready"), /^microk8s is running/);
    });

    it("wait for a ready node, forever without a timeout", async () => {
        const alone = await hosts.installed("alone");
        await done(alone, "microk8s kubectl delete node alone");
        const started = Date.now();
        assert.equal((await root(alone, "microk8s status --wait-ready --timeout 1")).code, 1);
        assert.ok(Date.now() - started >= 1000);
        assert.equal((await root(alone, "microk8s status")).code, 0);
        const caller = new AbortController();
        const waiting = alone.stage.run("/snap/bin/microk8s", ["status", "--wait-ready"], { signal: caller.signal });
        caller.abort();
        assert.equal((await waiting).code, 1);
    });

    it("include a kubeconfig of the cluster, with MicroK8s' names", async () => {
        assert.match(
            await done(host, "microk8s config -l"),
            /server: https:\/\/127\.0\.0\.1:16443[^]*current-context: microk8s/,
        );
    });
});
