// Proves what the connectors' scripts do on a host. A real shell runs them over SSH on sandbox hosts. cloudflared,
// systemd, sudo and the download are emulated.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { connectorScript } from "../../../../components/cloudflare/cloudflared/host";
import { commandLine } from "../../../../components/hosts/script";
import { createServer as createWebServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Server } from "node:net";
import { type Host, type HostOptions, serveDownloads, startHost } from "../../../../sandbox/hosts";
import { freePort, waitFor } from "../../../../sandbox/processes";
import { certificate } from "../../../certificates";
import { on } from "../../../../sandbox/test/hosts/kit";

const TOKEN = "token-'with'-$signs";
const UNIT = "alpa-auth-cloudflared";

/** A fake cloudflared, which records its arguments and environment. @param broken whether it never becomes ready */
const connector = (version: string, broken = false) => `#!/bin/sh
if [ "$1" = --version ]; then echo "cloudflared version ${version}"; exit; fi
exec ${process.execPath} -e '
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const args = process.argv.slice(1);
const after = (flag) => args[args.indexOf(flag) + 1];
const [address, port] = after("--metrics").split(":");
const token = fs.readFileSync(after("--token-file"), "utf8");
fs.appendFileSync("/tmp/starts", JSON.stringify({ version: "${version}", port, token, args, pid: process.pid }) + "\\n");
require("node:http").createServer((_, answer) => answer.writeHead(${broken ? 503 : 200}).end()).listen(port, address, () => {
    if (!${broken}) spawnSync("systemd-notify", ["--ready"], { stdio: "inherit" });
});
process.on("SIGTERM", () => { fs.appendFileSync("/tmp/stops", port + "\\n"); process.exit(0); });
' -- "$@"
`;

/** A fake cloudflared that neither listens nor prints its version. */
const SILENT = `#!/bin/sh
[ "$1" = --version ] || exec sleep 1000
`;

interface Start {
    version: string;
    port: string;
    token: string;
    args: string[];
    pid: number;
}

/** The first of some consecutive free ports, which are reserved for this test. */
async function freePorts(count: number): Promise<number> {
    for (;;) {
        const ports: number[] = [];
        while (ports.length < count) ports.push(await freePort());
        if (ports.every((port, i) => port === ports[0] + i)) return ports[0];
    }
}

/** Runs another program on a port while `use` runs; it answers 200 to all requests by default. */
async function listening(
    port: number,
    doing: () => Promise<unknown>,
    other: Server = createWebServer((_, answer) => answer.writeHead(200).end()),
) {
    await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    try {
        await doing();
    } finally {
        other.close();
    }
}

/**
 * An HTTPS server with the Access keys of the team's domain, which the connectors read. The result's `files` make a
 * host's curl connect to this server and trust it.
 */
async function teamDomain() {
    const name = "acme.cloudflareaccess.com";
    const { certificate: cert, key } = await certificate([name]);
    const asked: string[] = [];
    const team = { asked, files: {}, close: () => void 0 };
    const server = createTlsServer({ cert, key }, (request, answer) => {
        asked.push(`${request.headers.host}${request.url}`);
        answer.writeHead(200).end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const curlrc = `connect-to = "${name}:443:127.0.0.1:${port}"\ncacert = "/root/team.pem"\n`;
    team.files = { "root/.curlrc": curlrc, "root/team.pem": cert };
    team.close = () => void server.close();
    return team;
}

describe("cloudflared on a host", function () {
    let folder: string;
    let mirror: Awaited<ReturnType<typeof serveDownloads>>;
    const sums: Record<string, string> = {};
    let host: Host | undefined;
    let metricsPort: number;
    let team: Awaited<ReturnType<typeof teamDomain>>;

    before(async () => {
        team = await teamDomain();
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "mirror-"));
        const programs = {
            "1": connector("1"),
            "2": connector("2"),
            broken: connector("3", true),
            silent: SILENT,
            text: "hello\n",
        };
        const files: Record<string, string> = {};
        for (const [name, text] of Object.entries(programs)) {
            fs.writeFileSync(path.join(folder, name), text);
            sums[name] = createHash("sha256").update(text).digest("hex");
            files[`/${name}`] = path.join(folder, name);
        }
        mirror = await serveDownloads(files);
    });
    after(() => {
        mirror.close();
        team.close();
        fs.rmSync(folder, { recursive: true });
    });
    beforeEach(async () => {
        metricsPort = await freePorts(3);
        team.asked.length = 0;
    });
    afterEach(async () => {
        await host?.close();
        host = undefined;
    });

    const start = async (options: Partial<HostOptions> = {}) => {
        host = await startHost({ name: "head", ...options, files: { ...team.files, ...options.files } });
        return host;
    };

    interface Wish {
        place?: string;
        version?: string;
        sha256?: string;
        source?: string;
        instances?: number;
        token?: string;
        owner?: string;
        sudoPassword?: string;
        user?: string;
        startSeconds?: number;
        metricsPort?: number;
    }

    /** Runs a script on the test's host. Starts a default host if the test has not started one. */
    const run = async (verb: "install" | "remove", wish: Wish) => {
        host ??= await start();
        const { version = "1", instances = 2, token = TOKEN, owner = "alpa-auth/dev", sudoPassword, user } = wish;
        const sha256 = wish.sha256 ?? sums[version];
        const port = `${wish.metricsPort ?? metricsPort}`;
        const source = wish.source ?? `${mirror.url}/${version}`;
        const words = verb === "install" ? ["install", version, sha256, `${instances}`, port, source] : ["remove"];
        const { startSeconds = 30 } = wish;
        return on(
            host,
            commandLine(wish.place ?? "10.0.0.5", owner, ...words),
            connectorScript({ token, sudoPassword, graceSeconds: 180, startSeconds, teamName: "acme" }),
            user,
        );
    };
    const install = (wish: Wish = {}) => run("install", wish);
    const remove = (wish: Wish = {}) => run("remove", wish);

    const at = (file: string) => path.join((host as Host).root, file);
    const starts = (): Start[] => {
        if (!fs.existsSync(at("tmp/starts"))) return [];
        return fs
            .readFileSync(at("tmp/starts"), "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as Start);
    };
    const mode = (file: string) => (fs.statSync(at(file)).mode & 0o777).toString(8);

    it("runs two connectors with the token in a file of root, and in no command line", async () => {
        const { stdout, stderr } = await install();
        assert.equal(stdout, "cloudflared 1: 2 connector(s) ready");
        assert.equal(stderr, "");
        assert.deepEqual(
            starts().map(({ port, token }) => [port, token]),
            [
                [`${metricsPort}`, TOKEN],
                [`${metricsPort + 1}`, TOKEN],
            ],
        );
        for (const { args } of starts()) {
            assert.doesNotMatch(args.join(" "), /signs/);
            assert.match(args.join(" "), /--grace-period 180s run --token-file \/run\/credentials\//);
        }
        assert.deepEqual([mode(`etc/${UNIT}`), mode(`etc/${UNIT}/token`)], ["700", "600"]);
        // The service's user must be able to execute the program.
        assert.deepEqual(
            [mode(`opt/${UNIT}`), mode(`opt/${UNIT}/1`), mode(`opt/${UNIT}/cloudflared-1`)],
            ["755", "755", "755"],
        );
        const { stdout: enabled } = await on(host as Host, `systemctl is-enabled ${UNIT}@1 ${UNIT}@2`);
        assert.equal(enabled, "enabled\nenabled");
    });

    it("requests the keys of Access", async () => {
        await install();
        assert.deepEqual(team.asked, ["acme.cloudflareaccess.com/cdn-cgi/access/certs"]);
    });

    const KEYS = "https://acme.cloudflareaccess.com/cdn-cgi/access/certs";
    const LACKING =
        /Without them connectors answer every request with 502\. Open TCP 443 to that host and run pulumi up/;

    it("changes nothing on a host that does not reach the keys of Access, and names what to open", async () => {
        await start({ files: { "root/.curlrc": 'connect-to = "acme.cloudflareaccess.com:443:127.0.0.1:1"\n' } });
        await assert.rejects(install(), (error: Error) => {
            assert.ok(error.message.includes(`10.0.0.5: cannot read the keys of Access from ${KEYS} (`), error.message);
            assert.match(error.message, LACKING);
            return true;
        });
        assert.equal(fs.existsSync(at(`etc/${UNIT}`)), false);
    });

    it("shows no secret in the process list", async () => {
        await start({ sudo: "password", password: "hunter-2" });
        const seen: string[] = [];
        const look = () => {
            for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
                for (const what of ["cmdline", "environ"])
                    try {
                        seen.push(fs.readFileSync(`/proc/${pid}/${what}`, "utf8"));
                    } catch {
                        // The process has ended since the list of processes was read.
                    }
            }
        };
        const timer = setInterval(look, 5);
        await install({ sudoPassword: "hunter-2" }).finally(() => clearInterval(timer));
        assert.ok(
            seen.some((text) => text.includes("alpa-auth/dev")),
            "the list was taken while the script ran",
        );
        for (const text of seen) assert.doesNotMatch(text, /hunter-2|with.*signs/);
    });

    it("changes nothing in a second run", async () => {
        await install();
        const before = starts();
        await install();
        assert.deepEqual(starts(), before);
    });

    it("upgrades one connector after the other, the second only when the first is ready", async () => {
        await install();
        await install({ version: "2" });
        const versions = starts().map(({ version, port }) => `${version}:${Number(port) - metricsPort}`);
        assert.deepEqual(versions, ["1:0", "1:1", "2:0", "2:1"]);
        assert.deepEqual(fs.readdirSync(at(`opt/${UNIT}`)).sort(), ["1", "2", "cloudflared-2"]);
        assert.equal(fs.readFileSync(at("tmp/stops"), "utf8"), `${metricsPort}\n${metricsPort + 1}\n`);
    });

    it("stops at a connector that does not become ready: the other keeps running, and a next version replaces both", async () => {
        await install();
        await assert.rejects(
            install({ version: "broken", startSeconds: 1 }),
            /alpa-auth-cloudflared@1\.service did not connect to Cloudflare, or another program uses port \d+ of 127\.0\.0\.1 \(not ready after 1 s\)\. The connectors after it on this host were not changed\. Run: journalctl -u /,
        );
        const { stdout } = await on(host as Host, `readlink /opt/${UNIT}/2/cloudflared; systemctl is-active ${UNIT}@2`);
        assert.equal(stdout, `/opt/${UNIT}/cloudflared-1\nactive`);
        assert.equal(starts().filter(({ port }) => Number(port) === metricsPort + 1).length, 1);
        await install({ version: "2" });
        const last = starts()
            .slice(-2)
            .map(({ version, port }) => `${version}:${Number(port) - metricsPort}`);
        assert.deepEqual(last, ["2:0", "2:1"]);
    });

    it("restarts both connectors for another token, but not for another sudo password", async () => {
        await install();
        await install({ sudoPassword: "new" });
        assert.equal(starts().length, 2);
        await install({ token: "second" });
        assert.deepEqual(
            starts().map(({ token }) => token),
            [TOKEN, TOKEN, "second", "second"],
        );
    });

    it("completes a partial installation: a connector that died, a truncated download", async () => {
        await install();
        await on(host as Host, `sudo systemctl stop ${UNIT}@2; sudo sh -c 'echo half >/opt/${UNIT}/cloudflared-1'`);
        await install();
        const ports = starts().map(({ port }) => Number(port) - metricsPort);
        assert.deepEqual(ports, [0, 1, 1], "the running connector was not restarted");
    });

    it("is never run twice at a time on a host: a second run waits, and finds everything done", async () => {
        await start();
        await Promise.all([install(), install()]);
        assert.equal(starts().length, 2);
        const other = on(host as Host, `sudo flock /run/${UNIT}.lock sh -c 'touch /tmp/held; sleep 100'`);
        const ended = assert.rejects(other);
        while (!fs.existsSync(at("tmp/held"))) await new Promise((resolve) => setTimeout(resolve, 20));
        await assert.rejects(install({ startSeconds: 1 }), /another run is still changing this host/);
        await host?.close();
        await ended;
        host = undefined;
    });

    it("removes connectors that are no longer wanted", async () => {
        await install({ instances: 3 });
        await install({ instances: 2 });
        const { stdout } = await on(host as Host, `systemctl is-active ${UNIT}@2; systemctl is-active ${UNIT}@3; true`);
        assert.equal(stdout, "active\ninactive");
        assert.equal(fs.existsSync(at(`etc/${UNIT}/3.env`)), false);
    });

    it("removes everything, also twice, and also a partial installation", async () => {
        await install();
        await remove();
        assert.deepEqual((host as Host).pids(), []);
        for (const file of [`etc/${UNIT}`, `opt/${UNIT}`, `etc/systemd/system/${UNIT}@.service`, `run/${UNIT}.lock`])
            assert.equal(fs.existsSync(at(file)), false, file);
        const wants = at("etc/systemd/system/multi-user.target.wants");
        assert.deepEqual(fs.existsSync(wants) ? fs.readdirSync(wants) : [], []);
        await remove();
        await assert.rejects(install({ sha256: "0".repeat(64) }));
        await remove();
        assert.equal(fs.existsSync(at(`opt/${UNIT}`)), false);
    });

    it("logs in as root without sudo", async () => {
        await start({ users: ["root"], sudo: "none" });
        await install({ user: "root" });
        assert.equal(starts().length, 2);
    });

    it("uses sudo with a password that sudo asks for", async () => {
        await start({ sudo: "password", password: "it's $ecret" });
        await install({ sudoPassword: "it's $ecret" });
        assert.equal(starts().length, 2);
    });

    it("does not run a sudo password as a command where sudo asks for none", async () => {
        const password = "touch /opt/oops # hunter-2";
        await start({ sudo: "nopasswd-sh", password });
        const { stdout, stderr } = await install({ sudoPassword: password });
        assert.deepEqual([stdout, stderr], ["cloudflared 1: 2 connector(s) ready", ""]);
        assert.equal(fs.existsSync(at("opt/oops")), false);
    });

    const refused: [why: string, options: Partial<HostOptions>, wish: () => Wish, said: RegExp][] = [
        [
            "a host without room",
            { diskFull: true },
            () => ({}),
            /\n10\.0\.0\.5: could not download .* \(curl: .*Failed writing.*\)\. Allow the connection, free space in \/opt, or/,
        ],
        [
            "a system without systemd",
            { os: "alpine" },
            () => ({}),
            /\n10\.0\.0\.5: must run Linux with systemd \(got Alpine Linux v3\.20\)\. Use another host\.$/,
        ],
        ["an old systemd", { systemdVersion: 245 }, () => ({}), /must have systemd 247 or newer.*\(got 245\)/],
        [
            "an unknown machine",
            { machine: "riscv64" },
            () => ({}),
            /must be an x86_64 or an aarch64 machine \(got riscv64\)/,
        ],
        [
            "a user without sudo",
            { sudo: "none" },
            () => ({ sudoPassword: "x" }),
            /user ops to run sh with ssh\.sudoPassword \(.*\)\. Correct ssh\.sudoPassword, or add to sudoers: ops ALL=\(root\) \/.*sh\.$/,
        ],
        [
            "a missing password",
            { sudo: "password", password: "right" },
            () => ({}),
            /user ops to run sh without a password \(sudo: a password is required\)\. Add to sudoers: ops ALL=\(root\) NOPASSWD: \/.*sh, or set ssh\.sudoPassword\.$/,
        ],
        [
            "a wrong password",
            { sudo: "password", password: "right" },
            () => ({ sudoPassword: "wrong" }),
            /to run sh with ssh\.sudoPassword \(sudo: a password is required\)/,
        ],
        [
            "another checksum",
            {},
            () => ({ sha256: "0".repeat(64) }),
            /http:.*\/1 has the SHA-256 [0-9a-f]{64} \(expected 0{64}, for (amd64|arm64)\)\. Nothing was changed\. Correct version, sha256 or source\.$/,
        ],
        [
            "a download that does not exist",
            {},
            () => ({ source: `${mirror.url}/nothing` }),
            /could not download http:.*\/nothing \(curl: .*404.*\)\. Allow the connection, free space in \/opt, or set a mirror as source\.$/,
        ],
        [
            "a file that is not a program",
            {},
            () => ({ version: "text" }),
            /is not a program for this machine \((amd64|arm64)\)/,
        ],
    ];
    for (const [why, options, wish, said] of refused) {
        it(`rejects ${why}, and starts nothing`, async () => {
            await start(options);
            await assert.rejects(install(wish()), (error: Error) => {
                assert.match(error.message.trimEnd(), said);
                assert.doesNotMatch(error.message, /with.*signs|right\b.*pass/);
                return true;
            });
            assert.deepEqual(starts(), []);
            const left = fs.existsSync(at(`opt/${UNIT}`)) ? fs.readdirSync(at(`opt/${UNIT}`)) : [];
            assert.deepEqual(left, []);
        });
    }

    it("rejects a host with another stack's connectors, and does not remove these connectors", async () => {
        await install();
        await assert.rejects(
            install({ owner: "alpa-auth/prod" }),
            /this host has connectors of another stack, alpa-auth\/dev\. If this stack had that name, rename it back/,
        );
        await remove({ owner: "alpa-auth/prod" });
        assert.equal((host as Host).pids().length, 2);
    });

    it("replaces a connector that still starts, and listens on the same port", async () => {
        await install({ instances: 1 });
        const unit = at(`etc/systemd/system/${UNIT}@.service`);
        await assert.rejects(install({ instances: 1, version: "broken", startSeconds: 1 }), /not ready after/);
        fs.writeFileSync(unit, fs.readFileSync(unit, "utf8").replace(/TimeoutStartSec=.*/, "TimeoutStartSec=60"));
        const service = `${UNIT}@1.service`;
        await on(host as Host, `sudo systemctl daemon-reload; sudo systemctl stop ${service}`);
        const starting = on(host as Host, `sudo systemctl start ${service}`).catch(() => undefined);
        const answers = () => fetch(`http://127.0.0.1:${metricsPort}/ready`).catch(() => undefined);
        await waitFor("an answer of the connector", answers, { seconds: 30 });
        await install({ instances: 1, version: "2" });
        await starting;
        assert.equal(starts().at(-1)!.version, "2");
    });

    it("considers a connector ready only while it runs: another program on its port does not count", async () => {
        await assert.rejects(install({ version: "silent", startSeconds: 1 }), /not ready after/);
        await listening(metricsPort, () =>
            assert.rejects(install({ startSeconds: 2 }), new RegExp(`another program uses port ${metricsPort} of 127`)),
        );
    });

    it("keeps running when the host's address is written differently: only the latest address removes the connectors", async () => {
        await install();
        const before = starts();
        await install({ place: "head.example.com" });
        const { stdout } = await remove();
        assert.equal(stdout, "not removed: this host is head.example.com in the config now");
        assert.deepEqual(starts(), before);
        assert.equal(
            (host as Host).pids().length,
            2,
            "the old address's resource is deleted after the new one is created",
        );
        await remove({ place: "head.example.com" });
        assert.deepEqual((host as Host).pids(), []);
    });

    it("belongs to the old address when an installation under the new address failed", async () => {
        await install();
        await assert.rejects(install({ place: "head.example.com", sha256: "0".repeat(64) }));
        await remove();
        assert.deepEqual((host as Host).pids(), []);
    });
});
