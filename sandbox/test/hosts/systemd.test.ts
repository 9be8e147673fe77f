// Proves the emulator of systemd on a sandbox host, through systemctl over SSH like the scripts.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Host, startHost } from "../../hosts";
import { BadUnit, parseUnit } from "../../hosts/systemd/unit-file";
import { on } from "./kit";

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

    it("starts and enables a service, and reports its state", async () => {
        unit("plain.service", service("ExecStart=/bin/sleep 100"));
        assert.equal(await sh("systemctl enable --now plain && systemctl is-active plain"), "active\n= 0");
        assert.equal(await sh("systemctl is-enabled plain"), "enabled\n= 0");
        assert.equal(
            fs.readlinkSync(at("etc/systemd/system/multi-user.target.wants/plain.service")),
            "/etc/systemd/system/plain.service",
        );
        assert.equal(await sh("systemctl disable --now plain; systemctl is-active plain"), "inactive\n= 3");
        assert.equal(await sh("systemctl is-enabled plain"), "disabled\n= 1");
    });

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

    it("keeps a oneshot service active after its program has exited, and runs its reload and stop commands", async () => {
        const step = (name: string) => `/bin/sh -c "echo ${name} >>/tmp/steps"`;
        const lines = [
            "Type=oneshot\nRemainAfterExit=yes",
            `ExecStart=${step("start")}\nExecReload=${step("reload")}\nExecStop=-/bin/sh -c "echo stop >>/tmp/steps; exit 1"`,
        ];
        unit(
            "once.service",
            service(lines.join("\n")).replace("[Service]", "Before=x.target\nPartOf=y.service\n[Service]"),
        );
        assert.equal(
            await sh("systemctl start once && systemctl reload once && systemctl is-active once"),
            "active\n= 0",
        );
        assert.equal(await sh("systemctl stop once; cat /tmp/steps"), "start\nreload\nstop\n= 0");
        assert.match(await sh("systemctl reload once"), /not active, cannot reload/);
        unit("never.service", service("Type=oneshot\nExecStart=/bin/false"));
        assert.match(await sh("systemctl start never"), /exit-code[^]*= 1$/);
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
