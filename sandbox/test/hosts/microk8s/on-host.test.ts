// Proves over SSH that a host with MicroK8s' emulator has its own programs, address, name, clock, ports and services.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { on } from "../kit";
import { Hosts } from "./kit";

describe("host with the emulator of MicroK8s", () => {
    const hosts = new Hosts();
    let host: Awaited<ReturnType<Hosts["start"]>>;
    before(async () => {
        const ray = "[Service]\nExecStart=/bin/sleep 1000\n";
        host = await hosts.start("gateway-01", {
            clockSkewSeconds: 3600,
            listening: [{ port: 6379, process: "redis-server", pid: 42 }],
            files: { "etc/systemd/system/ray.service": ray },
        });
    });

    it("has its name, its address and its clock", async () => {
        assert.equal(host.address, "127.0.0.21");
        const { stdout } = await on(host, "hostname; uname -n; hostname -I; date +%s");
        const [name, same, address, seconds] = stdout.split("\n");
        assert.deepEqual([name, same, address.trim()], ["gateway-01", "gateway-01", "127.0.0.21"]);
        assert.ok(Math.abs(Number(seconds) - Date.now() / 1000 - 3600) < 10);
        host.setClock(0);
        const { stdout: now } = await on(host, "date +%s");
        assert.ok(Math.abs(Number(now) - Date.now() / 1000) < 10);
    });

    it("installs by SSH as root, listens then, and does not affect other services", async () => {
        await on(host, "sudo systemctl start ray");
        const pid = host.pidOf("ray");
        const { stdout } = await on(
            host,
            "sudo ss -Hltnp | cut -d' ' -f4,6; command -v microk8s kubectl; sudo snap install microk8s --classic --channel=1.34 && " +
                "sudo sh -c 'microk8s status --wait-ready' | head -1; ss -Hltn | grep -c :16443; microk8s version || echo no",
        );
        assert.match(
            stdout,
            /^0\.0\.0\.0:6379 users:\(\("redis-server",pid=42,fd=8\)\)\nmicrok8s \(1\.34\/stable\).*\nmicrok8s is running\n1\nInsufficient permissions/,
        );
        assert.equal(host.pidOf("ray"), pid);
        assert.ok(pid);
        const agent = "var/log/journal/snap.microk8s.daemon-cluster-agent.service.log";
        fs.appendFileSync(path.join(host.root, agent), "a line\n");
        const log = await on(host, "sudo journalctl -u snap.microk8s.daemon-cluster-agent -n 1 --no-pager");
        assert.equal(log.stdout, "a line");
    });

    it("has no command snap without snapd, and may use the port of another host", async () => {
        const other = await hosts.start("old", { snapd: false, port: host.port });
        const { stdout } = await on(other, "command -v snap || echo none");
        assert.equal(stdout, "none");
    });
});
