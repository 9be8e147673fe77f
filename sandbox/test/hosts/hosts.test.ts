// Proves the sandbox's hosts over SSH: permissions, that this machine stays unchanged, and what systemd, snap and MicroK8s refuse by name.
// What the scripts of the product do with them is proved in test/unit/components/hosts.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type Host, type HostOptions, Microk8sEmulator, type Microk8sHost, startHost } from "../../hosts";
import { stopAll, waitFor } from "../../processes";
import { on } from "./kit";
import { BadUnit, parseUnit } from "../../hosts/systemd/unit-file";
import { MemoryCluster } from "../../hosts/microk8s/memory-cluster";
import type { Reply } from "../../hosts/reply";

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

const INSTALL = "[Install]\nWantedBy=multi-user.target\n";
const service = (lines: string, rest = INSTALL) => `[Unit]\nDescription=a test\n[Service]\n${lines}\n${rest}`;

describe("sandbox systemd", function () {
    let host: Host;
    before(async () => {
        host = await startHost({ name: "head", users: ["root"] });
    });
    after(() => host.close());

    /** Runs a command line as root. @returns its output and exit code */
    const sh = async (command: string) =>
        (await on(host, `{ ${command}; } 2>&1; echo "= $?"`, "", "root")).stdout.replace(/([^\n])= (\d+)$/, "$1\n= $2");
    const at = (file: string) => path.join(host.root, file);
    const unit = (name: string, text: string) => fs.writeFileSync(at(`etc/systemd/system/${name}`), text);
    const until = async (what: string, look: () => boolean | Promise<boolean>) => {
        const end = Date.now() + 60_000;
        while (!(await look())) {
            assert.ok(Date.now() < end, `waited 60 s for ${what}`);
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    };

    it("waits for a notifying service, and fails a service that does not notify in time", async () => {
        const body = (limit: string, script: string) =>
            service(`Type=notify\nTimeoutStartSec=${limit}\nExecStart=/bin/sh -c "${script}; sleep 100"`);
        // On a busy machine programs start late, so only the service that must time out has a short limit.
        unit("ready.service", body("20s", "echo begun >/tmp/begun; systemd-notify --ready"));
        assert.equal(
            await sh("systemctl start ready && cat /tmp/begun && systemctl is-active ready"),
            "begun\nactive\n= 0",
        );
        unit("silent.service", body("300ms", "true"));
        const said = await sh("systemctl start silent");
        assert.match(
            said,
            /^Job for silent\.service failed .*\(timeout\)[^]*journalctl -xeu silent\.service[^]*\n= 1$/,
        );
        assert.match(await sh("journalctl -u silent -n 3 --no-pager"), /systemd\[1\]: start operation timed out/);
        assert.match(await sh("systemctl status silent"), /Active: failed[^]*= 3$/);
    });

    it("passes credentials, variables and the instance's name to the service", async () => {
        unit(
            "many@.service",
            service(
                'Type=exec\nEnvironment=A=1 "B=two words"\nEnvironmentFile=/etc/%i.env\nEnvironmentFile=-/etc/none\n' +
                    "LoadCredential=token:/etc/secret\nDynamicUser=yes\n" +
                    'ExecStart=/bin/sh -c "cat ${CREDENTIALS_DIRECTORY}/token >/tmp/got-%i; echo $A-$B-$C ${C} >>/tmp/got-%i; ' +
                    'cat /etc/secret >>/tmp/got-%i; echo end >>/tmp/got-%i; sleep 100"',
            ),
        );
        fs.writeFileSync(at("etc/secret"), "s3cret\n", { mode: 0o600 });
        fs.writeFileSync(at("etc/x.env"), "# a comment\nC=three\n");
        assert.equal(await sh("systemctl start many@x"), "= 0");
        await until(
            "its output",
            () => fs.existsSync(at("tmp/got-x")) && /end/.test(fs.readFileSync(at("tmp/got-x"), "utf8")),
        );
        assert.equal(
            fs.readFileSync(at("tmp/got-x"), "utf8"),
            "s3cret\n1-two words-three three\nend\n",
            "the service cannot read the credential's own file",
        );
        assert.match(await sh("systemctl start many@y"), /failed[^]*= 1$/, "its environment file is missing");
        assert.equal(await sh("systemctl stop many@x"), "= 0");
        assert.equal(fs.existsSync(at("run/credentials/many@x.service")), false);
    });

    const refused: [command: string, said: RegExp][] = [
        ["systemctl start none", /Failed to start none\.service: Unit none\.service not found\.\n= 5$/],
        ["systemctl start x.socket", /unsupported by the sandbox: x\.socket \(supported: services\)/],
        ["systemctl show plain", /unsupported by the sandbox: systemctl show/],
    ];
    for (const [command, said] of refused) {
        it(`rejects ${command}`, async () => {
            unit("plain.service", service("ExecStart=/bin/sleep 100"));
            assert.match(await sh(command), said);
        });
    }

    const bad: [why: string, text: string, said: RegExp][] = [
        [
            "a directive",
            service("ExecStart=/bin/true\nRootDirectory=/x"),
            /unsupported by the sandbox: directive RootDirectory= in \[Service\]/,
        ],
        ["a specifier", service("ExecStart=/bin/echo %H"), /unsupported by the sandbox: specifier %H/],
        ["a type", service("Type=forking\nExecStart=/bin/true"), /unsupported by the sandbox: Type=forking/],
        [
            "a command that stops a service that is not oneshot",
            service("ExecStart=/bin/true\nExecStop=/bin/true"),
            /unsupported by the sandbox: ExecStop= and ExecReload= without Type=oneshot/,
        ],
    ];
    for (const [why, text, said] of bad) {
        it(`rejects ${why} in a unit file`, () => {
            assert.throws(
                () => parseUnit(text, "x.service"),
                (error) => error instanceof BadUnit && said.test(error.message),
            );
        });
    }
});

const TOKEN = "0123456789abcdef0123456789abcdef";
const PROGRAMS: Record<string, string> = { microk8s: "/snap/bin/microk8s", snap: "/usr/local/sbin/snap" };

describe("emulator of MicroK8s", () => {
    const api = new MemoryCluster();
    const emulator = new Microk8sEmulator({ api });
    after(() => emulator.close());
    let a: Microk8sHost, b: Microk8sHost;

    function run(host: Microk8sHost, line: string, privileged = true): Promise<Reply> {
        const [program, ...args] = line.split(" ");
        return host.stage.run(PROGRAMS[program], args, { privileged });
    }
    const done = async (host: Microk8sHost, line: string) => {
        const { code, out, err } = await run(host, line);
        assert.equal(code, 0, `${line}: ${err}`);
        return out.trimEnd();
    };
    before(async () => {
        a = await emulator.startHost({ name: "a", address: "127.0.0.21" });
        b = await emulator.startHost({ name: "b", address: "127.0.0.22" });
        for (const host of [a, b]) await done(host, "snap install microk8s --classic --channel=1.34/stable");
    });

    const odd = [
        ...["snap info microk8s", "snap install hello", "microk8s stop", "microk8s status", "microk8s enable rbac"],
        ...["microk8s kubectl get pods", "microk8s kubectl drain a", "microk8s remove-node a --force"],
    ];
    for (const line of odd)
        it(`refuses ${line}`, async () => {
            const { code, err } = await run(a, line);
            assert.equal(code, 70, err);
            assert.match(err, /^unsupported by the sandbox: /);
        });

    it("lets a node join only with a valid token and the other node's fingerprint", async () => {
        const invitation = await done(a, `microk8s add-node --token ${TOKEN} --token-ttl 60 --format token-check`);
        const url = `${a.address}:25000/${invitation}`;
        assert.match((await run(b, `microk8s join ${url.slice(0, -2)}zz`)).err, /unsupported/);
        assert.match((await run(b, `microk8s join ${url.slice(0, -12)}000000000000`)).err, /verify the identity/);
        assert.match((await run(b, `microk8s join ${url.replace(TOKEN, `x${TOKEN}`)}`)).err, /invalid token/);
        a.microk8s!.expireTokens();
        assert.match((await run(b, `microk8s join ${url}`)).err, /invalid token/);
        await done(a, `microk8s add-node --token ${TOKEN} --token-ttl 60 --format token-check`);
        await done(b, `microk8s join ${url}`);
        assert.equal(await done(b, "microk8s kubectl get nodes -o name"), "node/a\nnode/b");
    });

    it("evicts the pods of a node only as budgets allow, and leaves those of DaemonSets", async () => {
        for (const kind of ["ReplicaSet", "DaemonSet"])
            api.put("pods", "llm", {
                metadata: { name: kind.toLowerCase(), ownerReferences: [{ kind, name: "x" }] },
                spec: { nodeName: "b" },
            });
        const drain = "microk8s kubectl drain b --ignore-daemonsets --delete-emptydir-data";
        api.blocked = () => true;
        assert.match((await run(a, `${drain} --timeout=1s`)).err, /llm\/replicaset: global timeout reached/);
        api.blocked = () => false;
        await done(a, `${drain} --timeout=5s`);
        const { items } = await api.call<{ items: { metadata: { name: string } }[] }>("GET", "/api/v1/pods");
        assert.deepEqual(
            items.map(({ metadata }) => metadata.name),
            ["daemonset"],
        );
    });
});
