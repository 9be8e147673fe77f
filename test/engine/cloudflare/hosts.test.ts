// Proves that an `up` that fails on a connector host names the cause, and that the next `up` completes the change. The hosts
// are emulators: the scripts and the shell are real, but SSH, sudo, systemd and the provider that connects are the
// sandbox's.
import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newKey, publicLine, startHost, type Host, type HostOptions } from "../../../sandbox/hosts";
import { freePort } from "../../../sandbox/processes";
import { AccessStack, failed, freePair, here, succeeded, useCloudflare } from "../kit/cloudflare/access-stack";

const UNIT = "alpa-auth-cloudflared";
const PASSWORD = "correct horse";

describe("hosts of the connectors on the engine", () => {
    useCloudflare();
    let stack: AccessStack;
    let folder: string;
    const hosts = new Set<Host>();

    interface Place extends HostOptions {
        port: number;
        hostKey: string;
        metricsPort: number;
    }
    /** Reserves a host that does not run yet, on free ports: all hosts run on this machine. */
    async function place(name: string, options: Partial<HostOptions> = {}): Promise<Place> {
        const { world, dir } = here();
        const privateKey = readFileSync(world.facts.cloudflare.host.privateKeyFile, "utf8");
        const common = {
            name,
            ...world.onHosts,
            privateKey,
            stateDir: dir,
            folder: mkdtempSync(join(folder, `${name}-`)),
        };
        return { ...common, ...options, port: await freePort(), hostKey: newKey(), metricsPort: await freePair() };
    }
    async function start(options: Place): Promise<Host> {
        const host = await startHost(options);
        hosts.add(host);
        return host;
    }
    const stop = async (host: Host) => {
        hosts.delete(host);
        await host.close();
    };

    const configure = ({ port, hostKey, metricsPort }: Place, tunnel: object = {}) => {
        stack.installOn({ address: `127.0.0.1:${port}`, metricsPort, hostKey: publicLine(hostKey) });
        stack.configure({
            consumers: [{ name: "alice", credentials: [{ id: "a", method: "service-token" }] }],
            tunnel,
        });
    };
    const status = async () => (await stack.call((await stack.outputs()).credentials["alice/a"])).status;

    /** Runs `up`. Asserts that it fails with a single error, of this resource and with this text. */
    async function fails({ port }: Place, why: RegExp, name = `alpa-connectors-127.0.0.1-${port}`): Promise<void> {
        const { stdout } = await stack.up().then((run) => (failed(run), run));
        const errors = stdout.split("\n").filter((line) => /^\s*error: (?!update failed|Resource monitor)/.test(line));
        assert.equal(errors.length, 1, stdout);
        assert.ok(stdout.includes(` (${name}):`), stdout);
        assert.match(stdout, why);
    }
    const ours = (host: Host) =>
        ["etc", "opt"].filter((part) => existsSync(join(host.root, part, UNIT))).concat(host.pids().map(String));

    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-hosts-"));
        stack = await AccessStack.create("llm");
    });
    after(async () => {
        await Promise.all([...hosts].map(stop));
        rmSync(folder, { recursive: true, force: true });
    });

    let first: Place;
    let head: Host;

    it("reports that a host is down, routes no caller to it, and completes when it is up", async () => {
        first = await place("first");
        configure(first);
        await fails(first, /dial tcp 127\.0\.0\.1:\d+: connect: connection refused/);
        const { account } = here().world;
        assert.equal(account.records(account.zoneNamed("example.com")!.id).size, 0);
        head = await start(first);
        assert.doesNotMatch(succeeded(await stack.up()).stdout, /warning: Undefined/);
        assert.equal(await status(), 200);
    });

    it("reports that the host rejects the private key, and leaves the host unchanged", async () => {
        const before = head.pids();
        configure(first);
        await stack.configureSecret("ssh.privateKey", newKey());
        await fails(first, /unable to authenticate/);
        assert.deepEqual(head.pids(), before);
    });

    it("rejects a host whose key differs from the config, and leaves it unchanged", async () => {
        const before = head.pids();
        configure({ ...first, hostKey: newKey() });
        await fails(
            first,
            /is not the one of this stack, 127\.0\.0\.1-\d+ \(SHA256:.* Nothing was changed\./,
            "identity",
        );
        assert.deepEqual(head.pids(), before);
        configure(first);
        succeeded(await stack.up());
        assert.deepEqual(head.pids(), before);
    });

    it("reports a full disk while the old host continues, and completes when there is space", async () => {
        const full = await place("full");
        const host = await start({ ...full, diskFull: true });
        configure(full);
        await fails(full, /127\.0\.0\.1-\d+: could not download .*, free space in \/opt/);
        assert.deepEqual([host.pids(), await status()], [[], 200]);
        await stop(host);
        const again = await start(full);
        succeeded(await stack.up());
        assert.deepEqual([again.pids().length, ours(head), await status()], [2, [], 200]);
        [first, head] = [full, again];
    });

    it("rejects a host without systemd, and leaves nothing on it", async () => {
        const alpine = await place("alpine", { os: "alpine" });
        const host = await start(alpine);
        configure(alpine);
        await fails(alpine, /must run Linux with systemd \(got Alpine Linux v3\.20\)\. Use another host\./);
        assert.deepEqual(ours(host), []);
    });

    it("rejects a user without sudo rights, and leaves nothing on the host", async () => {
        const denied = await place("denied", { sudo: "none" });
        const host = await start(denied);
        configure(denied);
        await fails(
            denied,
            /sudo does not allow user ops to run sh without a password \(.*\)\. Add to sudoers: .*, or set ssh\.sudoPassword\./,
        );
        assert.deepEqual(ours(host), []);
    });

    it("reports that sudo needs a password or rejects it, never shows the password, and completes with the right one", async () => {
        const asked = await place("asked", { sudo: "password", password: PASSWORD });
        const host = await start(asked);
        configure(asked);
        await fails(asked, /sudo does not allow user ops to run sh without a password .* set ssh\.sudoPassword\./);
        await stack.configureSecret("ssh.sudoPassword", "wrong horse");
        await fails(asked, /to run sh with ssh\.sudoPassword \(.*\)\. Correct ssh\.sudoPassword/);
        assert.deepEqual(ours(host), []);
        await stack.configureSecret("ssh.sudoPassword", PASSWORD);
        const { stdout, stderr } = succeeded(await stack.up());
        assert.ok(![PASSWORD, "wrong horse"].some((secret) => (stdout + stderr).includes(secret)));
        assert.deepEqual([host.pids().length, ours(head), await status()], [2, [], 200]);
    });

    it("completes an installation after its run was killed", async () => {
        const killed = await place("killed");
        const host = await start(killed);
        configure(killed);
        await stack.upKilledWhen(async () => existsSync(join(host.root, "etc", UNIT, "owner")));
        assert.equal(host.pids().length < 2, true, "the run was killed too late");
        await stack.run(["cancel", "--yes"]);
        // The last host asks for its sudo password when its connectors are removed.
        succeeded(await stack.up());
        assert.deepEqual([host.pids().length, await status()], [2, 200]);
        assert.deepEqual(
            readdirSync(join(host.root, "opt", UNIT)).filter((name) => name.endsWith(".new")),
            [],
        );
        succeeded(await stack.destroy());
        assert.deepEqual([...hosts].flatMap(ours), []);
    });
});
