// Proves which scripts each component runs on hosts over SSH, that no secret is in a command line, and that the host's key is
// verified. *-scripts.test.ts prove on sandbox hosts what the scripts do.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { CloudflaredHost, connectorScript } from "../../../../components/cloudflare/cloudflared/host";
import { bareMetalScript } from "../../../../components/hosts/bare-metal/bare-metal";
import { clusterScript, nodeScript, probe } from "../../../../components/hosts/microk8s/scripts";
import { scriptFile } from "../../../../components/hosts/script";
import {
    firewallScript as firewall,
    ServerFirewall,
} from "../../../../components/hosts/server-firewall/server-firewall";
import type { SshHost } from "../../../../components/hosts/ssh-host";
import { afterAnswers, HEAD_SCRIPT, watchdogScript, watchedCommand } from "../../../../components/opt/opt-head";
import { comesAfter, inputsOf, one, plain, record } from "../../../kit";

const COMMAND = "command:remote:Command";
const SHA256 = "ab".repeat(32);
const host = (address: string, more: Partial<SshHost> = {}): SshHost => ({
    address,
    port: 22,
    user: "ops",
    hostKey: "ssh-ed25519 AAAA",
    privateKey: pulumi.secret("the-private-key"),
    ...more,
});
const connectors = {
    version: "2026.8.2",
    sha256: SHA256,
    token: pulumi.secret("the-tunnel-token"),
    graceSeconds: 180,
    teamName: "acme",
    instances: 2,
    meaning: {},
};
const rules = { serverPorts: [20001], gateways: ["10.0.0.11", "fd00::11"], rayPorts: ["6379"], alsoFrom: ["10.9.0.7"] };

const components: [
    name: string,
    program: (hosts: SshHost[]) => pulumi.ComponentResource,
    create: string,
    ...secrets: string[],
][] = [
    [
        "connectors",
        (hosts) => new CloudflaredHost("at", { ...connectors, hosts }),
        `install 2026.8.2 ${SHA256} 2 20241 -`,
        "the-tunnel-token",
    ],
    [
        "firewall rules",
        (hosts) => new ServerFirewall("at", { rules, hosts }, pulumi.output("seed")),
        "install server=20001 'from=10.0.0.11,fd00::11' ray=6379 also-from=10.9.0.7",
    ],
];
for (const [name, program, create, ...secrets] of components)
    describe(`commands on hosts for ${name}`, () => {
        const build = (...hosts: SshHost[]) => record(() => program(hosts));

        it("are shown in a preview, run again for a change, and remove everything on destroy", async () => {
            const { inputs } = one(await build(host("10.0.0.5")), COMMAND, "at-10.0.0.5");
            assert.equal(inputs.create, `sh -s -- 10.0.0.5 alpa-auth/test ${create}`);
            assert.equal(inputs.delete, "sh -s -- 10.0.0.5 alpa-auth/test remove");
            assert.equal(inputs.update, undefined);
        });

        it("keep every secret secret, and out of command lines", async () => {
            const resource = one(
                await build(host("10.0.0.5", { sudoPassword: pulumi.secret("the-password") })),
                COMMAND,
            );
            for (const text of ["the-private-key", "the-password", ...secrets]) {
                assert.ok(!JSON.stringify(inputsOf(resource)).includes(text), text);
                assert.ok(JSON.stringify(plain(resource.inputs)).includes(text), `an input has ${text}, as a secret`);
            }
            assert.deepEqual([resource.inputs.logging, resource.inputs.environment], ["none", undefined]);
        });

        it("always verify the host's key, and time out on a host that is down", async () => {
            const { connection } = plain(one(await build(host("10.0.0.5")), COMMAND).inputs) as { connection: object };
            assert.deepEqual(connection, {
                ...{ host: "10.0.0.5", port: 22, user: "ops", privateKey: "the-private-key" },
                ...{ hostKey: "ssh-ed25519 AAAA", dialErrorLimit: 3, perDialTimeout: 10 },
            });
        });
    });

describe("commands that callers would notice on all hosts at once", () => {
    for (const [name, program] of components.slice(0, 2))
        it(`run on one host after the other: ${name}`, async () => {
            const hosts = [host("a.test"), host("b.test", { port: 2222 }), host("c.test")];
            const seen = await record(() => program(hosts));
            const [a, b, c] = ["a.test", "b.test-2222", "c.test"].map((at) => one(seen, COMMAND, `at-${at}`));
            assert.ok(comesAfter(seen, b, a) && comesAfter(seen, c, b) && !comesAfter(seen, a, b));
        });

    it("quote the address of a mirror as one word", async () => {
        const source = "https://mirror.test/a b?c='d'";
        const hosts = [host("10.0.0.5")];
        const seen = await record(() => new CloudflaredHost("at", { ...connectors, hosts, source }));
        const { create } = one(seen, COMMAND).inputs;
        assert.ok(create.endsWith(` 20241 'https://mirror.test/a b?c='\\''d'\\'''`), create);
    });
});

const COMPONENTS = join(__dirname, "../../../../components");
const read = (file: string) => readFileSync(join(COMPONENTS, file), "utf8");

describe("a script file", () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), "script-file-"))));
    after(() => rmSync(folder, { recursive: true }));
    const write = (name: string, text: string) => {
        writeFileSync(join(folder, name), text);
        return scriptFile(folder, name);
    };

    const COMMENTED = `#!/bin/sh\n# header\n: "\${x?}"\n\n# it's why\n    # shellcheck disable=SC2086 # words\necho $x # the end\n\nb\n`;

    it("is sent without its header and its comments", () =>
        assert.equal(write("a.sh", COMMENTED)(), "\necho $x\n\nb\n"));

    it("keeps a # that begins no comment", () => {
        const code = `echo $# \${x#y} \${#x} 'a # b' "c # d" \\# a#b $((16#ff))\n`;
        assert.equal(write("kept.sh", `#!/bin/sh\n\n${code}`)(), `\n${code}`);
    });

    it("has an included file instead of the include line, with the same indentation", () => {
        write("part.sh", "#!/bin/sh\n\nif a; then\n    b\n\nfi\n");
        const script = write("whole.sh", "#!/bin/sh\n\nf() {\n    . ./part.sh\n}\n. /etc/os-release\n");
        assert.equal(script(), "\nf() {\n    if a; then\n        b\n\n    fi\n}\n. /etc/os-release\n");
    });

    it("inserts constants unchanged, and rejects a constant without a value", () => {
        const script = write("b.sh", "#!/bin/sh\n\na=@A@ b=@B_C@ n=@nft@ @A@\n");
        assert.equal(script({ A: "$&", B_C: 1 }), "\na=$& b=1 n=@nft@ $&\n");
        assert.throws(() => script({ A: "" }), /b\.sh: @B_C@ has no value\. Pass B_C/);
    });
});

describe("scripts for hosts", () => {
    const rules = { serverPorts: [20001], gateways: ["10.0.0.11"], rayPorts: ["6379"], alsoFrom: [] };
    const bareMetal = {
        ...{ hosts: [], how: { unit: "alpa-ray.service" }, alpaHost: "127.0.0.1", port: 20001 },
        ...{ stopTimeoutSeconds: 30, startTimeoutSeconds: 120, answerTimeoutSeconds: 30 },
        ...{ running: true, portShared: false, attempt: 0 },
    };
    /** Rendered scripts, by their first file. */
    const scripts: Record<string, string> = {
        "cloudflare/cloudflared/connectors.sh": connectorScript({ token: "t", graceSeconds: 30, teamName: "t" }),
        "hosts/server-firewall/firewall.sh": firewall(rules),
        "hosts/bare-metal/bare-metal.sh": bareMetalScript(bareMetal),
        "hosts/microk8s/cluster.sh": clusterScript([], 60),
        "hosts/microk8s/node.sh": nodeScript(""),
        "hosts/microk8s/probe.sh": probe([]).script,
        "opt/head.sh": HEAD_SCRIPT,
        "opt/watchdog/watch-alpa.sh": watchdogScript({ model: "m", idleSeconds: 60, stuckSeconds: 1200 }),
        "opt/while-connected.sh": afterAnswers(30),
        "opt/watchdog/with-watchdog.sh": watchedCommand({
            command: "c",
            watchdog: { model: "m", idleSeconds: 60, stuckSeconds: 1200 },
        }),
    };
    const included = (file: string): string[] => [
        file,
        ...[...read(file).matchAll(/^ *\. (\.\.?\/.+)$/gm)].flatMap(([, at]) => included(join(file, "..", at))),
    ];

    it("are created from all script files", () => {
        const all = readdirSync(COMPONENTS, { recursive: true, encoding: "utf8" }).filter((name) =>
            name.endsWith(".sh"),
        );
        const used = Object.keys(scripts).flatMap(included);
        assert.deepEqual([...new Set([...used, "hosts/as-user.sh"])].sort(), all.sort());
    });

    it("run the same commands without their comments", () => {
        const constants = new Proxy({}, { has: () => true, get: (_, name) => name });
        /** Text of a script with its comments and included files, without its header. Placeholders are their names. */
        const whole = (path: string): string =>
            readFileSync(path, "utf8")
                .replace(/^[^]*?\n\n/, "\n")
                .replace(/@([A-Z_]+)@/g, "$1")
                .replace(/^ *\. (\.\.?\/.+)$/gm, (_, other: string) => whole(join(path, "..", other)));
        /** The commands of a script without comments, as bash prints them. */
        const parsed = (text: string) =>
            execFileSync("bash", ["-c", `parsed() {\n:\n${text}}\ndeclare -f parsed`], { encoding: "utf8" });
        for (const file of [...Object.keys(scripts), "hosts/as-user.sh"]) {
            const sent = scriptFile(COMPONENTS, file)(constants);
            assert.equal(parsed(sent), parsed(whole(join(COMPONENTS, file))), file);
            assert.doesNotMatch(sent, /^ *# /m, file);
        }
    });

    for (const [file, text] of Object.entries(scripts)) {
        it(`have no placeholder, header or directive left: ${file}`, () =>
            assert.deepEqual(text.match(/@[A-Z_]+@|^#!|shellcheck|^ *\. \.|"\$\{\w+\?\}"/gm) ?? [], []));

        it(`set each variable that the file declares: ${file}`, () => {
            const reads = [
                ...read(file)
                    .split("\n\n")[0]
                    .matchAll(/"\$\{(\w+)\?\}"/g),
            ].map(([, name]) => name);
            assert.deepEqual(
                reads.filter((name) => !new RegExp(`(^|')${name}='`, "m").test(text)),
                [],
            );
        });
    }
});
