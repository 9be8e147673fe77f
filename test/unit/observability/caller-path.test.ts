// Proves the figures that the script of docs/examples/prometheus/caller-path writes: with an answer, without one, and with
// invalid settings. Also proves that the script sends one small completion with the credential, and shows the credential
// nowhere. test/unit/alerts tests the alerts.
import { strict as assert } from "node:assert";
import { execFile, execFileSync } from "node:child_process";
import {
    chmodSync,
    existsSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SAMPLE_COMPLETION } from "../../../components/alpa/sample";
import { startAlpa, type Alpa } from "../../../sandbox/alpa/server";
import { findOnPath } from "../../../sandbox/toolchain/path";
import { ROOT } from "../../side-by-side";
import { serve } from "../kit/http";

const FOLDER = join(ROOT, "docs/examples/prometheus/caller-path");
const SCRIPT = join(FOLDER, "alpa-auth-caller-path.sh");
const KEY = "a-key-of-the-caller-path";

interface Run {
    code: number;
    stdout: string;
    stderr: string;
    /** Value of each metric. */
    metrics: Record<string, number>;
    /** Content of the file for the collector. */
    text: string;
}

describe("a completion of a caller", () => {
    let folder: string;
    let alpa: Alpa;
    let url: string;
    let answer: (headers: IncomingHttpHeaders, body: string) => [status: number, body: string] | undefined;
    const seen: [headers: IncomingHttpHeaders, body: string, url?: string][] = [];
    const files = () => ({ headers: join(folder, "headers"), textfile: join(folder, "caller_path.prom") });

    before(async () => (alpa = await startAlpa({ port: 0 })));
    after(() => alpa.close());
    beforeEach(async () => {
        const address = await serve((request, response) => {
            let body = "";
            request.on("data", (part) => (body += part));
            request.on("end", () => {
                seen.push([request.headers, body, request.url]);
                const [status, text] = answer(request.headers, body) ?? [];
                if (status !== undefined) response.writeHead(status, { Location: "/other" }).end(text);
            });
        });
        url = `${address}/alpa`;
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-caller-path-"));
        writeFileSync(files().headers, `apikey: ${KEY}\n`, { mode: 0o600 });
        seen.splice(0);
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    async function run(settings: Record<string, string> = {}): Promise<Run> {
        const { headers, textfile } = files();
        const env = {
            PATH: process.env.PATH,
            ...{ ALPA_AUTH_URL: url, ALPA_AUTH_HEADERS: headers, ALPA_AUTH_TEXTFILE: textfile },
            ALPA_AUTH_ALLOW_HTTP: "1",
            ...settings,
        };
        const said = await new Promise<Omit<Run, "metrics" | "text">>((resolve) => {
            execFile("sh", [SCRIPT], { env, encoding: "utf8" }, (error, stdout, stderr) =>
                resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
            );
        });
        const text = existsSync(textfile) ? readFileSync(textfile, "utf8") : "";
        const found = text.matchAll(/^alpa_auth_caller_path_(\w+)\{path="[\w.-]+"\} (\S+)$/gm);
        return {
            ...said,
            text,
            metrics: Object.fromEntries([...found].map(([, name, value]) => [name, Number(value)])),
        };
    }

    it("is recorded when Alpa answers: success, status, duration and time", async () => {
        const { code, stderr, metrics } = await run({ ALPA_AUTH_URL: `http://127.0.0.1:${alpa.port}` });
        assert.equal(code, 0, stderr);
        const { success, status, seconds, run_timestamp_seconds: at } = metrics;
        assert.deepEqual([success, status, stderr], [1, 200, ""]);
        assert.ok(seconds > 0 && Math.abs(at - Date.now() / 1000) < 60, JSON.stringify(metrics));
    });

    it("is one request, of few tokens, with the credential in its header", async () => {
        answer = () => [200, '{"choices":[]}'];
        assert.equal((await run()).metrics.success, 1);
        assert.equal(seen.length, 1);
        const [[headers, body, url]] = seen;
        assert.deepEqual([headers.apikey, body, url], [KEY, SAMPLE_COMPLETION, "/alpa/completions"]);
    });

    it("is a chat with a model of an OpenAI-compatible server, if its name is set", async () => {
        answer = () => [200, '{"choices":[]}'];
        assert.equal((await run({ ALPA_AUTH_MODEL: "Qwen/Qwen3-32B" })).metrics.success, 1);
        const [[, body, url]] = seen;
        const messages = [{ role: "user", content: "Paris is" }];
        assert.deepEqual(JSON.parse(body), { model: "Qwen/Qwen3-32B", messages, max_tokens: 8 });
        assert.equal(url, "/alpa/chat/completions");
        const { code, stderr } = await run({ ALPA_AUTH_MODEL: 'a"b' });
        assert.deepEqual([code, stderr.split(":")[0], seen.length], [2, "ALPA_AUTH_MODEL", 1]);
    });

    it("follows no redirect with the credential, whatever curl's settings on that host", async () => {
        answer = () => [307, ""];
        writeFileSync(join(folder, ".curlrc"), "location-trusted\n");
        assert.equal((await run({ HOME: folder })).metrics.status, 307);
        assert.deepEqual(
            seen.map(([, , url]) => url),
            ["/alpa/completions"],
        );
    });

    const failures: [what: string, answer: [number, string], status: number][] = [
        ["an error of the gateway", [504, '{"type":"error"}'], 504],
        ["a rejection", [401, '{"type":"error"}'], 401],
        ["200 without a completion, like a proxy's page", [200, "<html></html>"], 200],
        ["a redirect, which would take the credential elsewhere", [302, ""], 302],
    ];
    for (const [what, given, status] of failures)
        it(`is recorded as failed after ${what}`, async () => {
            answer = () => given;
            const { code, metrics, stderr } = await run();
            assert.deepEqual([code, metrics.success, metrics.status], [0, 0, status]);
            assert.equal(stderr, `main: no completion (HTTP ${status})\n`);
            assert.equal(seen.length, 1);
        });

    it("has status 0 after a timeout, or without a connection", async () => {
        answer = () => undefined;
        const late = await run({ ALPA_AUTH_TIMEOUT: "1" });
        assert.deepEqual([late.code, late.metrics.success, late.metrics.status], [0, 0, 0]);
        // curl starts to measure a little later than its timeout.
        assert.ok(late.metrics.seconds > 0.9);
        const refused = await run({ ALPA_AUTH_URL: "http://127.0.0.1:1/alpa" });
        assert.deepEqual([refused.code, refused.metrics.success, refused.metrics.status], [0, 0, 0]);
    });

    it("shows its credential in no output and no file but its own, and replaces the old figures atomically", async () => {
        answer = () => [401, KEY];
        writeFileSync(files().textfile, "old\n");
        const { stdout, stderr, text } = await run({ ALPA_AUTH_PATH: "spare" });
        for (const one of [stdout, stderr, text]) assert.ok(!one.includes(KEY));
        assert.match(text, /^alpa_auth_caller_path_success\{path="spare"\} 0$/m);
        assert.doesNotMatch(text, /old/);
        assert.deepEqual(readdirSync(folder).sort(), ["caller_path.prom", "headers"]);
        assert.equal(statSync(files().textfile).mode & 0o777, 0o644);
    });

    const promtool = findOnPath("promtool");
    if (promtool !== undefined)
        it("writes metrics that promtool accepts", async () => {
            answer = () => [200, '{"choices":[]}'];
            const { text } = await run();
            execFileSync(promtool, ["check", "metrics"], { input: text, stdio: ["pipe", "pipe", "pipe"] });
        });

    it("uses the credential from systemd", async () => {
        answer = () => [200, '{"choices":[]}'];
        const { code } = await run({ ALPA_AUTH_HEADERS: "", CREDENTIALS_DIRECTORY: folder });
        assert.equal(code, 0);
        assert.equal(seen[0][0].apikey, KEY);
    });

    it("is not sent by HTTP, which anyone on the network can read, unless a setting allows it", async () => {
        for (const other of ["", "0", "yes"]) {
            const { code, stderr, text } = await run({ ALPA_AUTH_ALLOW_HTTP: other });
            assert.deepEqual([code, text, seen.length], [2, "", 0]);
            assert.match(
                stderr,
                /^ALPA_AUTH_URL: with http:\/\/ anyone on the network path can read .*set ALPA_AUTH_ALLOW_HTTP=1\.\n$/,
            );
        }
        const secure = await run({ ALPA_AUTH_URL: "https://127.0.0.1:1/alpa", ALPA_AUTH_ALLOW_HTTP: "" });
        assert.deepEqual([secure.code, secure.metrics.status], [0, 0], secure.stderr);
    });

    it("reports all invalid settings at once, without a request and without figures", async () => {
        chmodSync(files().headers, 0o644);
        const { code, stderr, text } = await run({
            ALPA_AUTH_URL: "ftp://user@example.com",
            ALPA_AUTH_TEXTFILE: "figures.txt",
            ALPA_AUTH_PATH: 'a"b',
            ALPA_AUTH_TIMEOUT: "soon",
        });
        assert.deepEqual([code, text, seen.length], [2, "", 0]);
        const said = stderr.trimEnd().split("\n");
        assert.deepEqual(
            said.map((line) => line.split(":")[0]),
            ["URL", "HEADERS", "TEXTFILE", "PATH", "TIMEOUT"].map((name) => `ALPA_AUTH_${name}`),
        );
        assert.ok(!stderr.includes(KEY));
        const none = await run({ ALPA_AUTH_URL: "", ALPA_AUTH_HEADERS: join(folder, "none") });
        assert.match(none.stderr, /^ALPA_AUTH_URL: must be an address .*\nALPA_AUTH_HEADERS: cannot read the file /);
    });
});
