// Proves the sandbox's hosts from outside, over SSH: permissions, and that this machine stays unchanged.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type Host, type HostOptions, startHost } from "../../hosts";
import { stopAll, waitFor } from "../../processes";
import { on } from "./kit";

describe("sandbox host", function () {
    const hosts: Host[] = [];
    const start = async (options: Partial<HostOptions> = {}) => {
        const host = await startHost({ name: "head", ...options });
        hosts.push(host);
        return host;
    };
    let host: Host;
    before(async () => {
        host = await start();
    });
    after(async () => {
        for (const running of hosts) await running.close();
    });

    it("has files of its own, and this machine's programs read-only", async () => {
        const mark = `/etc/alpa-auth-${process.pid}`;
        const { stdout } = await on(host, `sudo sh -c 'echo mine >${mark}; touch /usr/bin/x 2>&1; true'; cat ${mark}`);
        assert.match(stdout, /Read-only file system\nmine$/);
        assert.equal(fs.existsSync(mark), false);
        assert.equal(fs.readFileSync(path.join(host.root, mark), "utf8"), "mine\n");
    });

    it("lets a user write only in the home folder, and hides files of root", async () => {
        await on(host, "sudo sh -c 'umask 077; mkdir /etc/own; echo s >/etc/own/secret; echo s >/etc/secret'");
        const { stdout } = await on(
            host,
            "touch ~/x && echo home; touch /etc/y 2>/dev/null || echo etc; cat /etc/own/secret 2>/dev/null || echo folder; " +
                "cat /etc/secret; id -u",
        );
        assert.equal(stdout, "home\netc\nfolder\n1000");
    });

    const policies: [policy: HostOptions["sudo"], command: string, stdin: string, said: RegExp][] = [
        ["password", "sudo -n true", "", /status 1.*\nsudo: a password is required/],
        ["password", "sudo true", "right\n", /a terminal is required to read the password/],
        ["password", "sudo -S -p '' true", "wrong\n", /Sorry, try again.\nsudo: no password was provided/],
        ["none", "sudo -S -p '' true", "right\n", /ops is not in the sudoers file/],
        ["none", "sudo -n true", "", /a password is required/],
    ];
    for (const [policy, command, stdin, said] of policies) {
        it(`denies sudo (${policy}): ${command} with ${JSON.stringify(stdin)}`, async () => {
            const other = await start({ sudo: policy, password: "right" });
            await assert.rejects(on(other, command, stdin), said);
        });
    }

    it("ends a command whose caller disconnects, and is unreachable after `close`", async () => {
        const other = await start();
        const waiting = on(other, "echo $$ >/tmp/pid; exec sleep 100");
        const file = path.join(other.root, "tmp/pid");
        while (!fs.existsSync(file) || fs.readFileSync(file, "utf8") === "")
            await new Promise((resolve) => setTimeout(resolve, 20));
        const pid = Number(fs.readFileSync(file, "utf8"));
        await Promise.all([assert.rejects(waiting), hosts.splice(hosts.indexOf(other), 1)[0].close()]);
        // A killed process exists until its parent has waited for it.
        await waitFor("the end of the service", () => !isThere(pid), { seconds: 60 });
        await assert.rejects(on(other, "true"), /connection refused/);
        assert.equal(fs.existsSync(other.root), false);
    });

    it("leaves no process that the sandbox's down could not end", async () => {
        const stateDir = fs.mkdtempSync(path.join(os.tmpdir(), "state-"));
        const other = await start({ stateDir, users: ["root"] });
        const unit = "[Service]\nExecStart=/bin/sh -c 'sleep 100 & sleep 100; true'\n";
        fs.writeFileSync(path.join(other.root, "etc/systemd/system/x.service"), unit);
        await on(other, "systemctl start x", "", "root");
        const [pid] = other.pids();
        await stopAll(stateDir);
        // A killed process exists until its parent has waited for it.
        await waitFor("the end of the service", () => !isThere(pid), { seconds: 60 });
        fs.rmSync(stateDir, { recursive: true });
    });
});

function isThere(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}
