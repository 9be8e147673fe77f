// Proves the figures that the script of docs/examples/prometheus/connectors writes for a connector that is connected, one that
// has lost Cloudflare, and one that is down. Also for invalid settings. The connectors are those of the sandbox.
// test/unit/alerts tests the alerts.
import { strict as assert } from "node:assert";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveMetrics, Stats, type MetricsServer } from "../../../sandbox/cloudflare/connector/metrics";
import { findOnPath } from "../../../sandbox/toolchain/path";
import { ROOT } from "../../side-by-side";

const SCRIPT = join(ROOT, "docs/examples/prometheus/connectors/alpa-auth-connectors.sh");

describe("the connections of a host's connectors", () => {
    let folder: string;
    let file: string;
    const servers: MetricsServer[] = [];

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-connectors-"));
        file = join(folder, "connectors.prom");
    });
    afterEach(async () => {
        for (const server of servers.splice(0)) await server.close();
        rmSync(folder, { recursive: true });
    });

    /** Starts the metrics server of a connector with this many connections. */
    async function connector(connections: number): Promise<{ stats: Stats; address: string }> {
        const stats = new Stats("id");
        for (let i = 0; i < connections; i++) stats.connect(i, "sandbox01");
        const server = await serveMetrics(stats, "127.0.0.1:0");
        servers.push(server);
        return { stats, address: server.address };
    }

    async function run(settings: Record<string, string>) {
        const env = { PATH: process.env.PATH, ALPA_AUTH_TEXTFILE: file, ...settings };
        const { code, stderr } = await new Promise<{ code: number; stderr: string }>((resolve) => {
            execFile("sh", [SCRIPT], { env, encoding: "utf8" }, (error, _, stderr) =>
                resolve({ code: error ? Number(error.code) : 0, stderr }),
            );
        });
        const text = existsSync(file) ? readFileSync(file, "utf8") : "";
        const samples = Object.fromEntries(
            [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, series, value]) => [series, Number(value)]),
        );
        return { code, stderr, text, samples };
    }
    const ready = (address: string) => `alpa_auth_connector_ready_connections{address="${address}"}`;

    it("are written for each connector, with the time of the check", async () => {
        const [a, b] = [await connector(4), await connector(3)];
        const { code, stderr, samples } = await run({ ALPA_AUTH_CONNECTORS: `${a.address} ${b.address}` });
        assert.deepEqual([code, stderr], [0, ""]);
        assert.deepEqual([samples[ready(a.address)], samples[ready(b.address)]], [4, 3]);
        assert.ok(Math.abs(samples.alpa_auth_connector_run_timestamp_seconds - Date.now() / 1000) < 60);
    });

    it("are 0 for a connector that has lost Cloudflare, although its metrics name the last locations, and for one that is down", async () => {
        const { stats, address } = await connector(4);
        stats.connected.clear();
        assert.match(stats.prometheus(), /^cloudflared_tunnel_server_locations\{.*\} 1$/m);
        const { code, samples, text } = await run({ ALPA_AUTH_CONNECTORS: `${address} 127.0.0.1:1` });
        assert.deepEqual([code, samples[ready(address)], samples[ready("127.0.0.1:1")]], [0, 0, 0]);
        assert.doesNotMatch(text, /server_locations/);
    });

    it("are separate for each, and replace the earlier figures atomically", async () => {
        const [a, b] = [await connector(4), await connector(4)];
        a.stats.totalRequests = 7;
        a.stats.answered(200);
        a.stats.answered(502);
        writeFileSync(file, "old\n");
        const { samples, text } = await run({ ALPA_AUTH_CONNECTORS: `${a.address} ${b.address}` });
        assert.equal(samples[`cloudflared_tunnel_total_requests{address="${a.address}"}`], 7);
        assert.equal(samples[`cloudflared_tunnel_total_requests{address="${b.address}"}`], 0);
        assert.equal(samples[`cloudflared_tunnel_response_by_code{address="${a.address}",status_code="502"}`], 1);
        assert.doesNotMatch(text, /old/);
        assert.deepEqual(readdirSync(folder), ["connectors.prom"]);
        assert.equal(statSync(file).mode & 0o777, 0o644);
    });

    const promtool = findOnPath("promtool");
    if (promtool !== undefined)
        it("are written in Prometheus' format", async () => {
            const [a, b] = [await connector(4), await connector(0)];
            const { text } = await run({ ALPA_AUTH_CONNECTORS: `${a.address} ${b.address}` });
            // promtool exits with 3 if it only has advice about names. cloudflared chose these names, so the test
            // accepts 3.
            const { status, stderr } = spawnSync(promtool, ["check", "metrics"], { input: text, encoding: "utf8" });
            assert.ok(status === 0 || status === 3, stderr);
        });

    it("are not written for invalid settings: all are reported at once, and no other host is queried", async () => {
        const other = { ALPA_AUTH_CONNECTORS: "127.0.0.1:20241 example.com:80", ALPA_AUTH_TEXTFILE: "figures" };
        const { code, stderr, text } = await run(other);
        assert.deepEqual([code, text], [2, ""]);
        assert.deepEqual(stderr.trimEnd().split("\n"), [
            "ALPA_AUTH_CONNECTORS: must be addresses like 127.0.0.1:20241, with blanks between. Correct example.com:80.",
            "ALPA_AUTH_TEXTFILE: must be an absolute path that ends in .prom. Set ALPA_AUTH_TEXTFILE to such a path.",
        ]);
    });
});
