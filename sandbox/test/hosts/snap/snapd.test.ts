// Proves the emulator of snap: what it rejects, what it reports with exit code 0, and the state after an installation.
import assert from "node:assert/strict";
import { done, exists, Hosts, root } from "../microk8s/kit";

const INSTALL = "snap install microk8s --classic --channel=1.34/stable";

describe("emulator of snap", () => {
    const hosts = new Hosts();
    let host: Awaited<ReturnType<Hosts["start"]>>;
    before(async () => {
        host = await hosts.start("one");
    });

    it("knows a snap only after its installation", async () => {
        const missing = await root(host, "snap list microk8s");
        assert.deepEqual([missing.code, missing.err], [1, "error: no matching snaps installed\n"]);
        assert.equal(exists(host, "snap/bin/microk8s"), false);
        assert.deepEqual((await root(host, "snap refresh --hold microk8s")).err, 'snap "microk8s" is not installed\n');
        assert.equal((await root(host, "snap remove microk8s --purge")).code, 0);
    });

    const refused: [line: string, why: RegExp][] = [
        ["snap install microk8s --channel=1.34/stable", /repeat the command including --classic/],
        ["snap install microk8s --classic --channel=9.9/stable", /is not available on 9\.9\/stable/],
        ["snap install microk8s --classic --dangerous", /unsupported by the sandbox: snap install --dangerous/],
        ["snap install hello --classic", /unsupported by the sandbox: snap install hello/],
        ["snap connect microk8s", /unsupported by the sandbox: snap connect/],
    ];
    for (const [line, why] of refused)
        it(`rejects ${line}`, async () => {
            const { code, err } = await root(host, line);
            assert.deepEqual([code === 0, why.test(err)], [false, true], err);
            assert.equal((await root(host, "snap list microk8s")).code, 1);
        });

    it("requires root for any change", async () => {
        const reply = await host.stage.run("/usr/local/sbin/snap", ["install", "microk8s"], { privileged: false });
        assert.deepEqual([reply.code, reply.err], [1, "error: access denied (try with sudo)\n"]);
    });

    it("fails when the store is unreachable, a hook fails or the disk is full, and works after that", async () => {
        host.faults.add({ step: "store" });
        assert.match((await root(host, INSTALL)).err, /lookup api\.snapcraft\.io/);
        host.faults.add({ step: "install", message: "exit status 5" });
        assert.match((await root(host, INSTALL)).err, /run hook "install": exit status 5/);
        const full = await hosts.start("full", { diskFull: true });
        assert.match((await root(full, INSTALL)).err, /no space left on device/);
        assert.match(await done(host, INSTALL), /^microk8s \(1\.34\/stable\) v1\.34\.\d+ from Canonical/);
    });

    it("runs one change after the other", async () => {
        const busy = await hosts.start("busy");
        const [first, second] = await Promise.all([root(busy, INSTALL), root(busy, INSTALL)]);
        assert.deepEqual([first.code, second.code], [0, 10]);
        assert.match(second.err, /has "install-snap" change in progress/);
    });

    it("installs a snap once, and says at the second time with exit code 0 that it is installed", async () => {
        const again = await root(host, "snap install microk8s --classic --channel=1.35/stable");
        assert.deepEqual(
            [again.code, again.err],
            [0, `snap "microk8s" is already installed, see 'snap help refresh'\n`],
        );
        assert.match(await done(host, "snap list microk8s"), /^microk8s +v1\.34\.1 +\d+ +1\.34\/stable .* classic$/m);
    });

    it("holds refreshes, and switches to another channel on request", async () => {
        await done(host, "snap refresh --hold microk8s");
        assert.match(await done(host, "snap list"), / classic,held$/m);
        assert.equal(await done(host, "snap refresh microk8s"), "");
        await done(host, "snap refresh microk8s --channel=1.35/stable");
        assert.match(await done(host, "microk8s kubectl get nodes"), /v1\.35\.0/);
        assert.match(await done(host, "microk8s version"), /^MicroK8s v1\.35/);
    });

    it("removes the snap with its data, and the cluster with its last node", async () => {
        await done(host, "microk8s enable dns");
        await done(host, "snap remove microk8s --purge");
        assert.deepEqual([exists(host, "snap/bin/microk8s"), exists(host, "var/snap/microk8s")], [false, false]);
        for (const path of ["/api/v1/nodes/one", "/apis/apps/v1/namespaces/kube-system/deployments/coredns"])
            assert.equal((await hosts.api.request("GET", path)).status, 404);
    });

    it("leaves the Node in the cluster when the snap is removed without leaving", async () => {
        await done(host, INSTALL);
        const gone = await hosts.joined(host, "gone");
        await done(gone, "snap remove microk8s --purge");
        const refused = await root(host, "microk8s remove-node gone");
        assert.match(refused.out, /registered with dqlite/);
        await done(host, "microk8s remove-node gone --force");
    });
});
