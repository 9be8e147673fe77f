// Proves what the scripts for the Alpa host's rules do. A real shell runs them over SSH on a sandbox host. nft and
// systemd are emulated: this nft stores the rules but filters nothing.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import type { FirewallRules } from "../../../../components/hosts/alpa-firewall/rules";
import { installWords, renderScript } from "../../../../components/hosts/alpa-firewall/scripts";
import { commandLine } from "../../../../components/hosts/ssh-script";
import { type Host, type HostOptions, startHost } from "../../../../sandbox/hosts";
import { layNft, type Nft, NFT } from "../../../../sandbox/hosts/nft";
import { findOnPath } from "../../../../sandbox/toolchain/path";
import { on } from "../../../../sandbox/test/hosts/kit";

const UNIT = "alpa-auth-firewall.service";
const RULES: FirewallRules = { alpaPorts: [20001], gateways: ["10.0.0.11", "10.0.0.12"], rayPorts: [], alsoFrom: [] };

describe("scripts for rules of the Alpa host", function () {
    let host: Host;
    let nft: Nft;

    const start = async (options: Partial<HostOptions> = {}) => {
        host = await startHost({ name: "head", ...options });
        nft = layNft(host);
    };
    afterEach(() => host.close());

    interface Wish extends Partial<FirewallRules> {
        place?: string;
        owner?: string;
        sudoPassword?: string;
    }
    const run = async (verb: "install" | "remove", wish: Wish = {}) => {
        const { place = "10.0.0.5", owner = "alpa-auth/dev", sudoPassword, ...rules } = wish;
        const all = { ...RULES, ...rules };
        const words = verb === "install" ? installWords(all) : ["remove"];
        return on(host, commandLine(place, owner, ...words), renderScript(all, sudoPassword));
    };
    const reaches = (source: string, port = 20001) => nft.decide({ source, port }) === "accept";
    const at = (file: string) => path.join(host.root, file);
    const root = (command: string) => on(host, `sudo sh -c '${command}'`);
    const fails = (said: RegExp) => (error: Error) => {
        assert.match(error.message, said);
        return true;
    };

    it("load them, and again at boot", async () => {
        await start();
        await run("install");
        assert.deepEqual([reaches("10.0.0.11"), reaches("10.0.0.13"), reaches("10.0.0.13", 22)], [true, false, true]);
        assert.equal((await root(`systemctl is-enabled ${UNIT}`)).stdout.trim(), "enabled");
        assert.match(
            fs.readFileSync(at(`etc/systemd/system/${UNIT}`), "utf8"),
            new RegExp(`ExecStart=${NFT} -f /etc/`),
        );
        nft.forget();
        assert.ok(reaches("10.0.0.13"));
        await root(`systemctl restart ${UNIT}`);
        assert.deepEqual([reaches("10.0.0.11"), reaches("10.0.0.13")], [true, false]);
    });

    it("change them in place, and keep a removed address for an hour, or until the unit is reloaded", async () => {
        await start();
        await run("install");
        await run("install", { gateways: ["10.0.0.11", "10.0.0.13"] });
        assert.deepEqual(
            ["10.0.0.11", "10.0.0.12", "10.0.0.13"].map((source) => reaches(source)),
            [true, true, true],
        );
        const later = Date.now() + 3_601_000;
        assert.equal(nft.decide({ source: "10.0.0.12", port: 20001 }, later), "drop");
        assert.equal(nft.decide({ source: "10.0.0.13", port: 20001 }, later), "accept");
        await root(`systemctl reload ${UNIT}`);
        assert.deepEqual([reaches("10.0.0.12"), reaches("10.0.0.13")], [false, true]);
        await run("install", { gateways: ["fd00::11"] });
        await run("install", { gateways: ["10.0.0.11"] });
        assert.ok(reaches("fd00::11"), "of either family");
    });

    it("load them again if the tables were emptied, and do not change other tables", async () => {
        await start({ files: { "tmp/other.nft": "table inet other\n" } });
        await root("nft -f /tmp/other.nft");
        await run("install");
        await root("nft delete table inet alpa_auth");
        await run("install");
        assert.ok(!reaches("10.0.0.13"));
        assert.deepEqual(nft.tables, ["other", "alpa_auth"]);
        await run("remove");
        assert.deepEqual(nft.tables, ["other"]);
    });

    it("change nothing when the kernel rejects the rules", async () => {
        await start();
        await run("install");
        await assert.rejects(
            run("install", { gateways: ["10.0.0.11", "10.0.0.13"], alpaPorts: [70000] }),
            fails(
                /10\.0\.0\.5: nft rejects the rules \(.*Service out of range\)\. Nothing was changed\. Run: nft -c -f/,
            ),
        );
        assert.deepEqual([reaches("10.0.0.11"), reaches("10.0.0.12"), reaches("10.0.0.13")], [true, true, false]);
        assert.match(fs.readFileSync(at("etc/alpa-auth-firewall/rules.nft"), "utf8"), /10\.0\.0\.12/);
        await run("install", { gateways: ["10.0.0.13"] });
        assert.ok(reaches("10.0.0.13"), "the next run continues");
    });

    it("restore the previous rules where the loaded ones are missing", async () => {
        await start();
        await run("install");
        const real = nft.run.bind(nft);
        // Simulates a program that empties the tables between the script's load and its list.
        nft.run = (args, privileged) => {
            const reply = real(args, privileged);
            if (args[1]?.endsWith("load.nft")) nft.forget();
            return reply;
        };
        await assert.rejects(
            run("install", { gateways: ["10.0.0.13"] }),
            fails(/nft loaded the rules, but does not list them/),
        );
        assert.deepEqual([reaches("10.0.0.11"), reaches("10.0.0.13")], [true, false]);
    });

    it("remove them completely", async () => {
        await start();
        await run("install");
        await run("remove");
        assert.ok(reaches("10.0.0.13"));
        assert.deepEqual(nft.tables, []);
        for (const file of ["etc/alpa-auth-firewall", `etc/systemd/system/${UNIT}`, "run/alpa-auth-firewall.lock"])
            assert.ok(!fs.existsSync(at(file)), file);
        assert.equal(
            fs
                .readdirSync(at("etc/systemd/system"))
                .filter((name) => fs.readdirSync(at(`etc/systemd/system/${name}`)).length > 0).length,
            0,
        );
        await run("remove");
    });

    it("keep rules that now belong to another name of the host, or to another stack", async () => {
        await start();
        await run("install", { place: "10.0.0.5" });
        await run("install", { place: "head.test" });
        await run("remove", { place: "10.0.0.5" });
        assert.ok(!reaches("10.0.0.13"), "the host was renamed");
        await run("remove", { place: "head.test", owner: "alpa-auth/other" });
        assert.ok(!reaches("10.0.0.13"), "another stack's");
        await assert.rejects(
            run("install", { owner: "alpa-auth/other" }),
            fails(/this host has firewall rules of another stack, alpa-auth\/dev\./),
        );
    });

    it("become root with the sudo password, which no file contains", async () => {
        await start({ sudo: "password", password: "geheim" });
        await run("install", { sudoPassword: "geheim" });
        assert.ok(!reaches("10.0.0.13"));
    });

    it("name the host and the missing sudo rule where sudo allows true and not sh", async () => {
        await start({ sudo: "nopasswd-true", password: "geheim" });
        const rule = String.raw`ops ALL=\(root\) NOPASSWD: /\S*sh`;
        const said = `^10\\.0\\.0\\.5: sudo does not allow user ops to run sh without a password \\(.*\\)\\. Add to sudoers: ${rule}, or set`;
        await assert.rejects(run("install"), fails(new RegExp(said, "m")));
    });

    // Only on a machine without nft, because otherwise the shell would find the machine's nft.
    if (findOnPath("nft") === undefined)
        it("keep the rules on removal if nft is missing, and report that", async () => {
            await start();
            await run("install");
            const program = fs.readFileSync(at(NFT));
            fs.rmSync(at(NFT));
            await assert.rejects(
                run("remove"),
                fails(/nft is missing, so table inet \S+ cannot be deleted, and its rules may/),
            );
            assert.ok(!reaches("10.0.0.13"));
            fs.writeFileSync(at(NFT), program, { mode: 0o755 });
            await run("remove");
            assert.ok(reaches("10.0.0.13"));
        });

    it("reject a host without systemd", async () => {
        await start({ os: "alpine" });
        await assert.rejects(
            run("install"),
            fails(/must run Linux with systemd \(got Alpine Linux v3\.20\)\. Set alpa\.firewall\.apply to print/),
        );
    });
});
