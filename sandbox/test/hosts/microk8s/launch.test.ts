// Proves when MicroK8s' emulator reads and applies a launch configuration, and how it handles an invalid one.
import assert from "node:assert/strict";
import { applied, done, exists, Hosts, LAUNCHER, root, text } from "./kit";

const INSTALL = "snap install microk8s --classic --channel=1.34/stable";
const AGENT = "var/log/journal/snap.microk8s.daemon-cluster-agent.service.log";

describe("launch configuration of the emulator of MicroK8s", () => {
    const hosts = new Hosts();

    it("enables DNS without a file, but not with a file that does not name DNS", async () => {
        const without = await hosts.start("without");
        await done(without, INSTALL);
        await applied(without);
        assert.equal(await done(without, "microk8s status -a dns"), "enabled");
        const with_ = await hosts.installed("with", {
            launch: "version: 0.1.0\naddons: [{ name: hostpath-storage }]\n",
        });
        assert.equal(await done(with_, "microk8s status -a dns"), "disabled");
        assert.equal(await done(with_, "microk8s status -a core/hostpath-storage"), "enabled");
    });

    it("is applied after snap install has returned, and then renamed", async () => {
        const host = await hosts.start("later");
        await done(host, INSTALL);
        assert.deepEqual(
            [exists(host, `${LAUNCHER}/install.yaml`), exists(host, `${LAUNCHER}/install.yaml.applied`)],
            [true, false],
        );
        await applied(host);
        assert.equal(exists(host, `${LAUNCHER}/install.yaml`), false);
    });

    it("uses the first of three files, and sets arguments before anything starts", async () => {
        const mode = (name: string) => `version: 0.1.0\nextraKubeAPIServerArgs:\n  --authorization-mode: ${name}\n`;
        const files = {
            "etc/microk8s.yaml": mode("RBAC,Node"),
            "root/snap/microk8s/common/.microk8s.yaml": mode("second"),
            "var/snap/microk8s/common/.microk8s.yaml": mode("third"),
        };
        const host = await hosts.start("three", { files });
        await done(host, INSTALL);
        const args = "var/snap/microk8s/current/args/kube-apiserver";
        assert.match(text(host, args), /^--authorization-mode=RBAC,Node$/m);
        assert.equal(await done(host, "microk8s status -a rbac"), "enabled");
        const usual = await hosts.installed("usual");
        assert.match(text(usual, args), /^--authorization-mode=AlwaysAllow$/m);
    });

    it("leaves nothing of an installation that the API rejected: the next installation is in the same cluster", async () => {
        const { api } = hosts;
        const request = api.request.bind(api);
        const host = await new Hosts({ api }).start("again");
        api.request = () => Promise.reject(new Error("no answer"));
        const first = await root(host, INSTALL).finally(() => (api.request = request));
        assert.match(first.err, /no answer/);
        await done(host, INSTALL);
        assert.equal(host.microk8s!.cluster.rest, api);
    });

    it("fails the installation when it cannot be parsed, and leaves no files of the installation", async () => {
        const refused: [launch: string, why: RegExp][] = [
            ["version: [", /could not parse configuration/],
            ["addons: []", /could not parse config file version ""/],
            ["version: 0.3.0", /the maximum is 0\.2\.0/],
            ["version: 0.1.0\naddons: dns", /addons must be a list/],
            ["version: 0.1.0\njoin: { url: x }", /unsupported by the sandbox: field join/],
            ["version: 0.1.0\naddons: [{ name: dns, disable: true }]", /unsupported by the sandbox: field disable/],
        ];
        for (const [launch, why] of refused) {
            const bad = await hosts.start(`bad-${refused.findIndex(([text]) => text === launch)}`, {
                files: { "etc/microk8s.yaml": launch },
            });
            const { code, err } = await root(bad, INSTALL);
            assert.deepEqual([code, why.test(err)], [1, true], err);
            assert.equal((await root(bad, "snap list microk8s")).code, 1);
            assert.deepEqual(
                [exists(bad, "snap/bin/microk8s"), exists(bad, "var/snap/microk8s/current")],
                [false, false],
            );
            await bad.close();
        }
    });

    it("causes only a warning for unknown fields", async () => {
        const host = await hosts.installed("odd", { launch: "version: 0.1.0\nextraKubeletServerArgs: { --x: y }\n" });
        assert.match(text(host, AGENT), /unknown fields \(extraKubeletServerArgs\)/);
    });

    it("is retried until it works, and logs the error only in the journal", async () => {
        const host = await hosts.start("again");
        host.faults.add({ step: "addon", addon: "dns", times: 3, message: "no such image" });
        await done(host, INSTALL);
        await applied(host);
        assert.equal(text(host, AGENT).match(/failed to enable addon "dns".*no such image/g)?.length, 3);
        assert.equal(await done(host, "microk8s status -a dns"), "enabled");
    });

    it("is applied although it names an add-on that does not exist", async () => {
        const host = await hosts.installed("typo", { launch: "version: 0.1.0\naddons: [{ name: dsn }]\n" });
        assert.equal(await done(host, "microk8s status -a dsn"), "disabled");
    });
});
