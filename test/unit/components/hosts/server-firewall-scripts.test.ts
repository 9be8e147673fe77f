// Proves what the script for the Alpa host's rules does, and how the rules are printed. A real shell runs the script over SSH on
// a sandbox host. nft and systemd are emulated. server-firewall-kernel.test.ts proves what the rules do with packets.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { firewallScript } from "../../../../components/hosts/server-firewall/server-firewall";
import { printedRules, renderRules, type FirewallRules } from "../../../../components/hosts/server-firewall/nft-rules";
import { commandLine } from "../../../../components/hosts/script";
import { type Host, type HostOptions, startHost } from "../../../../sandbox/hosts";
import { layNft, type Nft } from "../../../../sandbox/hosts/nft";
import { on } from "../../../../sandbox/test/hosts/kit";

const UNIT = "alpa-auth-firewall.service";
const TABLE = "inet alpa_auth";
const RULES: FirewallRules = { serverPorts: [20001], gateways: ["10.0.0.11", "10.0.0.12"], rayPorts: [], alsoFrom: [] };
const OTHER = { ...RULES, gateways: ["10.0.0.13"] };

describe("rules of the Alpa host", () => {
    let host: Host & { sudoPassword?: string };
    let nft: Nft;

    const start = async (options: Partial<HostOptions> = {}) => {
        const { sudo, password } = options;
        host = {
            ...(await startHost({ name: "head", ...options })),
            sudoPassword: sudo === "password" ? password : undefined,
        };
        nft = layNft(host);
    };
    afterEach(() => host.close());

    const run = (verb: "install" | "remove", rules = RULES, place = "10.0.0.5", owner = "alpa-auth/dev") =>
        on(host, commandLine(place, owner, verb), firewallScript(rules, host.sudoPassword));
    const loaded = () => nft.tables.get(TABLE);
    const root = (command: string) => on(host, `sudo sh -c '${command}'`);

    it("are loaded, replaced, and loaded again at boot", async () => {
        await start();
        await run("install", OTHER);
        await run("install");
        assert.equal(loaded(), renderRules(RULES));
        assert.equal((await root(`systemctl is-enabled ${UNIT}`)).stdout.trim(), "enabled");
        nft.tables.clear();
        await root(`systemctl reload ${UNIT}`);
        assert.equal(loaded(), renderRules(RULES));
    });

    it("stay as they were if nft rejects new ones, with nft's message", async () => {
        await start();
        await run("install");
        host.stage.lay("/usr/local/sbin/nft", () => ({ code: 1, out: "", err: "next.nft:5: Error: syntax error\n" }));
        await assert.rejects(run("install", OTHER), /10\.0\.0\.5: nft rejects the rules \(next\.nft:5: Error: syntax/);
        layNft(host);
        assert.equal(
            fs.readFileSync(path.join(host.root, "etc/alpa-auth-firewall/rules.nft"), "utf8"),
            renderRules(RULES),
        );
    });

    it("are removed completely", async () => {
        await start();
        await run("install");
        nft.tables.set("inet other", "");
        await run("remove");
        assert.deepEqual([...nft.tables.keys()], ["inet other"]);
        for (const file of ["etc/alpa-auth-firewall", `etc/systemd/system/${UNIT}`])
            assert.ok(!fs.existsSync(path.join(host.root, file)), file);
        await run("remove");
    });

    it("stay if they belong to another name of the host, or to another stack", async () => {
        await start();
        await run("install", RULES, "10.0.0.5");
        await run("install", RULES, "head.test");
        await run("remove", RULES, "10.0.0.5");
        await run("remove", RULES, "head.test", "alpa-auth/other");
        assert.ok(loaded());
        await assert.rejects(
            run("install", RULES, "head.test", "alpa-auth/other"),
            /this host has firewall rules of another stack, alpa-auth\/dev\./,
        );
    });

    it("are loaded with the sudo password", async () => {
        await start({ sudo: "password", password: "geheim" });
        await run("install");
        assert.ok(loaded());
    });

    it("name the host and the missing sudo rule where sudo allows true and not sh", async () => {
        await start({ sudo: "nopasswd-true", password: "geheim" });
        const rule = String.raw`ops ALL=\(root\) NOPASSWD: /\S*sh`;
        const said = `^10\\.0\\.0\\.5: sudo does not allow user ops to run sh without a password \\(.*\\)\\. Add to sudoers: ${rule}, or set`;
        await assert.rejects(run("install"), new RegExp(said, "m"));
    });

    it("are rejected by a host without systemd", async () => {
        await start({ os: "alpine" });
        await assert.rejects(run("install"), /must run Linux with systemd\. Remove firewall\.hosts/);
    });
});

describe("printed rules of the Alpa host", () => {
    it("say how to check, load and remove them", () => {
        const text = printedRules(RULES);
        for (const command of ["nft -c -f FILE", "nft -f FILE", "nft delete table inet alpa_auth", "include"])
            assert.ok(text.includes(command), command);
        assert.ok(text.endsWith(renderRules(RULES)));
    });
});
