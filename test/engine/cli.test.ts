// Proves the command a newcomer types, as a process of its own: it ends in an authenticated completion, and whatever
// way it ends, nothing stays behind.
import { strict as assert } from "node:assert";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describeHolder, running } from "../../sandbox/processes";
import { ROOT, type Attempt } from "../../sandbox/world/state";
import { ensureTools } from "../../sandbox/toolchain/toolchain";
import { eventually, TOOLS_MILLISECONDS } from "./kit";

const run = promisify(execFile);
const CLI = ["--import", "tsx", join(ROOT, "sandbox/cli.ts")];

/** Listens on a port of 127.0.0.1 unless another program does. @returns what the sandbox says of it */
async function hold(port: number): Promise<{ server: Server; holder: string }> {
    const server = createServer();
    const own = await new Promise<boolean>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) =>
            error.code === "EADDRINUSE" ? resolve(false) : reject(error),
        );
        server.listen(port, "127.0.0.1", () => resolve(true));
    });
    const holder = describeHolder(port);
    if (own) assert.match(holder, new RegExp(`\\(pid ${process.pid}\\)$`));
    return { server, holder };
}

describe("npm run sandbox", () => {
    let dir: string;
    let env: NodeJS.ProcessEnv;

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS); // a cold tool cache
        await ensureTools(undefined, { log: (line) => console.log(`    ${line}`) });
    });
    const fresh = () => {
        dir = mkdtempSync(join(tmpdir(), "alpa-auth-cli-"));
        env = { ...process.env, ALPA_AUTH_SANDBOX_DIR: dir };
    };
    const down = async () => {
        await sandbox("down");
        rmSync(dir, { recursive: true, force: true });
    };

    async function sandbox(...args: string[]): Promise<string> {
        const { stdout } = await run(process.execPath, [...CLI, ...args], { env, cwd: ROOT, maxBuffer: 1e8 });
        return stdout;
    }

    /** Starts `up` in the foreground and waits until it has shown what works. */
    async function foreground(): Promise<{ cli: ChildProcess; ended: Promise<number | null> }> {
        const cli = spawn(process.execPath, [...CLI, "up"], { env, cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
        let said = "";
        cli.stdout!.on("data", (text) => (said += text));
        cli.stderr!.on("data", (text) => (said += text));
        const ended = new Promise<number | null>((resolve) => cli.on("exit", resolve));
        await Promise.race([
            eventually("the sandbox", async () => said.includes("It stays until Ctrl-C") || undefined, 500),
            ended.then((code) => assert.fail(`up ended with ${code}:\n${said}`)),
        ]);
        return { cli, ended };
    }

    /** Runs every line of the status as pasted, from another folder. @returns the status */
    async function pasted(): Promise<{ url: string; try: Attempt[] }> {
        const status = JSON.parse(await sandbox("status", "--json")) as { url: string; try: Attempt[] };
        assert.deepEqual([...new Set(status.try.map((t) => t.expect))].sort(), [200, 401, 404]);
        for (const attempt of status.try) {
            const { stdout } = await run("sh", ["-c", attempt.command], { cwd: "/" });
            assert.equal(Number(stdout.trimEnd().split("\n").pop()), attempt.expect, attempt.title);
        }
        return status;
    }

    const alive = () => running(dir).map((p) => p.name);

    describe("up --detach, with the ports it wants held by others", () => {
        let said: string;
        /** What is said of each: the program that holds it is this one, where no other did before. */
        let holders: string[];

        before(async () => {
            fresh();
            const held = await Promise.all([30800, 20001].map(hold));
            holders = held.map(({ holder }) => holder);
            try {
                said = await sandbox("up", "--detach");
            } finally {
                held.forEach(({ server }) => server.close());
            }
        });
        after(down);

        it("ends in an authenticated completion, and every line it prints works as pasted", async () => {
            assert.match(said, /expected 200/);
            const status = await pasted();
            assert.deepEqual(Object.keys(status).sort(), ["kubeconfig", "parts", "stack", "try", "url"]);
            assert.match(status.url, /^http:\/\/127\.0\.0\.1:\d+\/alpa$/);
        });

        it("says who holds them, and takes others", () => {
            for (const holder of holders) {
                assert.match(holder, /^port \d+ is held by /);
                assert.ok(said.includes(holder), `${holder}:\n${said}`);
            }
        });

        it("env lets pulumi be typed by hand, and leaves the shipped stack file alone", async () => {
            const shipped = readFileSync(join(ROOT, "Pulumi.intra.yaml"), "utf8");
            const script = `eval "$('${process.execPath}' ${CLI.map((a) => `'${a}'`).join(" ")} env)"; pulumi preview -s intra`;
            const { stdout } = await run("bash", ["-c", script], { env, cwd: ROOT });
            assert.match(stdout, /\d+ unchanged/);
            assert.equal(readFileSync(join(ROOT, "Pulumi.intra.yaml"), "utf8"), shipped);
        });

        it("everything listens on loopback only", async () => {
            const own = new Set(running(dir).map((p) => p.pid));
            const { stdout } = await run("ss", ["-Hltnp"]);
            const lines = stdout
                .split("\n")
                .filter((line) => [...line.matchAll(/pid=(\d+)/g)].some((m) => own.has(Number(m[1]))));
            assert.ok(lines.length > 8, "the list shows the sandbox's sockets");
            for (const line of lines) assert.match(line, /^LISTEN\s+\d+\s+\d+\s+(127\.\d+\.\d+\.\d+|\[::1\]):/);
        });

        it("a second up replaces the first, and Ctrl-C ends it: none of their processes is left", async () => {
            const first = running(dir).map((p) => p.pid);
            const { cli, ended } = await foreground();
            for (const pid of first)
                assert.ok(!existsSync(`/proc/${pid}`), `process ${pid} of the first run is still there`);
            cli.kill("SIGINT");
            assert.equal(await ended, 0);
            assert.deepEqual(alive(), []);
        });
    });

    describe("up of another stack", () => {
        beforeEach(fresh);
        afterEach(down);

        const others: [options: string[], url: RegExp][] = [
            [["--stack", "inter"], /^http:\/\/127\.0\.0\.1:\d+\/alpa$/],
            [["--stack", "cloudflare"], /^https:\/\/llm\.example\.com/],
            [["--exposure", "cloudflare"], /^https:\/\/llm\.example\.com/],
        ];
        for (const [options, url] of others)
            it(`${options.join(" ")} ends in an authenticated completion, by lines that work as pasted`, async () => {
                assert.match(await sandbox("up", "--detach", ...options), /expected 200/);
                assert.match((await pasted()).url, url);
            });

        it("refuses an exposure of a stack that has no gateway, before it starts anything", async () => {
            await assert.rejects(
                sandbox("up", "--stack", "cloudflare", "--exposure", "cloudflare"),
                /--exposure cloudflare: must be left out/,
            );
            assert.deepEqual(alive(), []);
        });
    });

    describe("up, killed", () => {
        before(fresh);
        after(down);

        it("leaves nothing", async () => {
            const { cli } = await foreground();
            assert.ok(alive().length > 5);
            cli.kill("SIGKILL");
            await eventually("the guard to have ended everything", async () => alive().length === 0 || undefined);
        });
    });

    describe("down", () => {
        before(fresh);
        after(down);

        it("says so when nothing runs", async () => {
            assert.match(await sandbox("down"), /no sandbox was running/);
        });
    });
});
