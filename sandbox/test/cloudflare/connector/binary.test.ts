/**
 * Proves that the file that hosts download works as a service: it is one executable, notifies systemd, and exits as cloudflared
 * does.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenOf } from "../../../cloudflare/account";
import { buildConnector, type BuiltConnector } from "../../../cloudflare/connector/build";
import { World } from "../edge/kit";

describe("cloudflared emulator: the program", () => {
    let folder: string;
    let built: BuiltConnector;
    let world: World;
    const children: ChildProcess[] = [];

    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "cloudflared-"));
        built = await buildConnector(join(folder, "bin/cloudflared"));
        world = await World.start();
        writeFileSync(ca(), world.edge.certificate.cert);
        writeFileSync(join(folder, "token"), ` ${tokenOf(world.account, world.tunnel)} \n`, { mode: 0o600 });
    });
    afterEach(() => {
        for (const child of children.splice(0)) child.kill("SIGKILL");
    });
    after(async () => {
        await world.close();
        rmSync(folder, { recursive: true });
    });

    interface Running {
        child: ChildProcess;
        said(): string;
        /** Resolves when the output contains the text. */
        says(text: RegExp): Promise<RegExpExecArray>;
        ended: Promise<number | null>;
    }
    function start(args: string[], environment: Record<string, string> = {}): Running {
        // The child process gets only PATH, because the program must work without the other variables of this process.
        const env = { PATH: process.env.PATH ?? "", ...environment };
        const child = spawn(built.path, args, { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
        children.push(child);
        let text = "";
        for (const stream of [child.stdout, child.stderr])
            stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
        const ended = once(child, "close").then(([code]) => code as number | null);
        const says = async (pattern: RegExp) => {
            for (;;) {
                const match = pattern.exec(text);
                if (match) return match;
                const over = ended.then(() => "over");
                const more = Promise.race([once(child.stderr, "data"), once(child.stdout, "data"), over]);
                if ((await more) === "over") assert.match(text, pattern, "it exited without the expected output");
            }
        };
        return { child, said: () => text, says, ended };
    }
    it("can be built as another version, which has another checksum", async () => {
        const next = await buildConnector(join(folder, "bin/next"), { version: "2026.9.0" });
        assert.notEqual(next.sha256, built.sha256);
        assert.match(execFileSync(next.path, ["--version"], { encoding: "utf8" }), /^cloudflared version 2026\.9\.0 /);
    });

    const ca = () => join(folder, "edge.crt");
    const edge = () => `127.0.0.1:${world.edge.connectorPort}`;
    const service = (extra: string[] = [], metrics = "127.0.0.1:0") =>
        ["--no-autoupdate", "tunnel", "--metrics", metrics, "--edge", edge(), "--cacert", ca(), ...extra, "run"].concat(
            "--token-file",
            join(folder, "token"),
        );
    const withLast = (words: string[], last: string) => [...words.slice(0, -1), last];
    const metricsOf = async (running: Running) => (await running.says(/metrics server on (\S+)\/metrics/))[1];

    it("is one file with a known checksum, and prints its version", async () => {
        assert.equal(createHash("sha256").update(readFileSync(built.path)).digest("hex"), built.sha256);
        const running = start(["--version"]);
        assert.equal(await running.ended, 0);
        assert.match(running.said(), /^cloudflared version 2026\.8\.2 \(built /);
    });

    it("opens four connections, becomes ready, counts requests, and exits with 0 on SIGTERM", async () => {
        const running = start(service());
        await running.says(/INF Registered tunnel connection connIndex=0 .*protocol=http2/);
        await world.until(() => world.tunnel.connections.length === 4);
        assert.equal((await world.send()).status, 200);
        const metrics = await metricsOf(running);
        await running.says(/connIndex=3 connection=/);
        const ready = await fetch(`http://${metrics}/ready`);
        const { connectorId, ...rest } = (await ready.json()) as { connectorId: string };
        assert.deepEqual([ready.status, rest], [200, { status: 200, readyConnections: 4 }]);
        assert.equal(connectorId, world.tunnel.connections[0].client_id);
        const series = await (await fetch(`http://${metrics}/metrics`)).text();
        assert.match(series, /^cloudflared_tunnel_ha_connections 4$/m);
        assert.match(series, /^cloudflared_tunnel_total_requests 1$/m);
        assert.match(series, /^cloudflared_tunnel_response_by_code\{status_code="200"\} 1$/m);
        assert.equal((await fetch(`http://${metrics}/healthcheck`)).status, 200);
        assert.equal((await fetch(`http://${metrics}/debug/pprof/`)).status, 501);
        const probe = start(["tunnel", "--metrics", metrics, "ready"]);
        assert.equal(await probe.ended, 0);
        running.child.kill("SIGTERM");
        assert.equal(await running.ended, 0);
        assert.match(running.said(), /Initiating graceful shutdown due to signal terminated/);
        assert.equal(world.tunnel.connections.length, 0);
        assert.ok(!running.said().includes(world.tunnel.secret), "no line contains the secret");
    });

    it("rejects a grace period above three minutes with a message and exit code 1", async () => {
        const running = start(service(["--grace-period", "181s"]));
        assert.equal(await running.ended, 1);
        assert.match(running.said(), /^grace-period must be equal or less than 3m0s$/m);
        assert.equal(world.tunnel.connections.length, 0);
        const most = start(service(["--grace-period", "3m"]));
        await world.until(() => world.tunnel.connections.length === 4);
        most.child.kill("SIGKILL");
    });

    it("finishes running requests within the grace period", async () => {
        // Connections of the previous test may still be closing.
        await world.until(() => world.tunnel.connections.length === 0);
        const running = start(service(["--grace-period", "20s"]));
        await world.until(() => world.tunnel.connections.length === 4);
        const arrived = new Promise<() => void>((resolve) => {
            world.respond = (_, answer) => resolve(() => answer.end("finished"));
        });
        const request = world.send({ method: "POST", body: "{}" });
        const finish = await arrived;
        running.child.kill("SIGTERM");
        await running.says(/Unregistered tunnel connection/);
        finish();
        assert.equal((await request).body, "finished");
        assert.equal(await running.ended, 0);
    });

    it("fails only its own requests when it is killed under steady traffic, while another connector serves", async () => {
        world.respond = (_, answer) => answer.end("ok");
        const first = start(service());
        await world.until(() => world.tunnel.connections.length === 4);
        start(service());
        await world.until(() => world.tunnel.connections.length === 8);
        const statuses: number[] = [];
        const one = async (n: number) => {
            for (let i = 0; i < n; i++) statuses.push((await world.send({ method: "POST", body: "{}" })).status);
        };
        await one(20);
        first.child.kill("SIGKILL");
        await one(60);
        assert.ok(statuses.filter((status) => status !== 200).length <= 1, statuses.join());
        // On a busy machine, the edge sees the end of the last connection only after the last answer.
        await world.until(() => world.tunnel.connections.length === 4);
    });

    it("fails only its own requests when it hangs, after five pings without an answer, while another connector serves", async () => {
        const own = await World.start({}, { pingMs: 400 });
        try {
            own.respond = (_, answer) => answer.end("ok");
            writeFileSync(join(folder, "own.crt"), own.edge.certificate.cert);
            writeFileSync(join(folder, "own-token"), tokenOf(own.account, own.tunnel), { mode: 0o600 });
            const address = `127.0.0.1:${own.edge.connectorPort}`;
            const rest = [
                "--metrics",
                "127.0.0.1:0",
                "--edge",
                address,
                "--cacert",
                join(folder, "own.crt"),
                "run",
                "--token-file",
                join(folder, "own-token"),
            ];
            const silent = start(["--no-autoupdate", "tunnel", ...rest]);
            await own.until(() => own.tunnel.connections.length === 4);
            start(["--no-autoupdate", "tunnel", ...rest]);
            await own.until(() => own.tunnel.connections.length === 8);
            silent.child.kill("SIGSTOP");
            const statuses = await Promise.all(
                Array.from({ length: 8 }, async () => (await own.send({ method: "POST", body: "{}" })).status),
            );
            assert.deepEqual(statuses.sort(), [200, 200, 200, 200, 502, 502, 502, 502]);
            await own.until(() => own.tunnel.connections.length === 4);
            assert.equal((await own.send({ method: "POST", body: "{}" })).status, 200);
        } finally {
            await own.close();
        }
    });

    it("notifies systemd when it is ready", async () => {
        const socket = join(folder, "notify");
        const listener = spawn("perl", ["-e", LISTEN_WITH_PERL, socket], { stdio: ["ignore", "pipe", "inherit"] });
        children.push(listener);
        await once(listener.stdout, "data"); // The listener prints a line when it has bound its socket.
        const told = once(listener.stdout, "data");
        const running = start(service(), { NOTIFY_SOCKET: socket });
        assert.match(String((await told)[0]), /^READY=1/);
        assert.match(running.said(), /Registered tunnel connection connIndex=0/);
        assert.doesNotMatch(running.said(), /WRN systemd/);
    });

    it("reads token and edge from their variables", async () => {
        const args = ["--no-autoupdate", "tunnel", "--metrics", "127.0.0.1:0", "run"];
        const running = start(args, {
            TUNNEL_TOKEN: tokenOf(world.account, world.tunnel),
            TUNNEL_EDGE: edge(),
            TUNNEL_CACERT: ca(),
        });
        await running.says(/connIndex=0 connection=/);
    });

    it("prints the real message for a wrong secret, and keeps trying", async () => {
        const fields = { a: world.account.id, t: world.tunnel.id, s: "d3Jvbmc=" };
        writeFileSync(join(folder, "wrong"), Buffer.from(JSON.stringify(fields)).toString("base64"));
        const args = withLast(service(), join(folder, "wrong"));
        const running = start(args);
        await running.says(
            /ERR Register tunnel error from server side error="Unauthorized: Invalid tunnel secret" connIndex=0/,
        );
        await running.says(/INF Retrying connection in up to 2s connIndex=0/);
        assert.equal((await fetch(`http://${await metricsOf(running)}/ready`)).status, 503);
        running.child.kill("SIGTERM");
        assert.equal(await running.ended, 0);
    });

    const ends: [what: string, args: () => string[], code: number, said: RegExp][] = [
        [
            "a file without a token",
            () => withLast(service(), built.path),
            255,
            /^Provided Tunnel token is not valid\.$/m,
        ],
        ["no token file", () => withLast(service(), "/nowhere/token"), 255, /^Failed to read token file: ENOENT/m],
        ["no token", () => service().slice(0, -2), 255, /requires a token/],
        [
            "a flag that is unsupported",
            () => ["--no-autoupdate", "tunnel", "--hello-world", "run"],
            255,
            /not defined: -hello-world/,
        ],
        ["a metrics port in use", () => service([], `127.0.0.1:${world.edge.port}`), 1, /EADDRINUSE/],
    ];
    for (const [what, args, code, said] of ends)
        it(`exits with ${code} for ${what}`, async () => {
            const running = start(args());
            assert.equal(await running.ended, code);
            assert.match(running.said(), said);
        });
});

const LISTEN_WITH_PERL =
    "use Socket; $| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); bind($s, pack_sockaddr_un($ARGV[0])) or die $!; " +
    'print "bound\\n"; recv($s, my $text, 1024, 0); print $text;';
