// Proves which parts of a script file are sent to a host, and that no rendered script contains a placeholder.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectorScript } from "../../../../components/cloudflare/cloudflared/host";
import { firewallScript as firewall } from "../../../../components/hosts/server-firewall/server-firewall";
import { bareMetalScript } from "../../../../components/hosts/bare-metal/bare-metal";
import { clusterScript, nodeScript, probe } from "../../../../components/hosts/microk8s/scripts";
import { scriptFile } from "../../../../components/hosts/script";
import { afterAnswers, HEAD_SCRIPT, watchdogScript, watchedCommand } from "../../../../components/opt/opt-head";

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
