/** Runs the sandbox's commands, each as a process. Each test has its own state folder. */
import { strict as assert } from "node:assert";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { running } from "../../../sandbox/processes";
import { ensureTools } from "../../../sandbox/toolchain/toolchain";
import { ROOT, type Attempt } from "../../../sandbox/world/state";
import { eventually } from "./index";
import { TOOLS_MILLISECONDS } from "./stack";

export const run = promisify(execFile);
export const CLI = [`--require=${require.resolve("tsx/cjs")}`, join(ROOT, "sandbox/cli.ts")];

/** For `before`: with a cold tool cache, the sandbox builds its tools first. */
export async function tools(this: Mocha.Context): Promise<void> {
    this.timeout(TOOLS_MILLISECONDS);
    await ensureTools(undefined, { log: (line) => console.log(`    ${line}`) });
}

/** Registers hooks that create a sandbox for each test and end it afterwards. @returns the sandbox of the running test */
export function eachItsOwn(): () => SandboxCli {
    let sandbox: SandboxCli;
    before(tools);
    beforeEach(() => (sandbox = new SandboxCli()));
    afterEach(() => sandbox.down());
    return () => sandbox;
}

export class SandboxCli {
    readonly dir = mkdtempSync(join(tmpdir(), "alpa-auth-cli-"));
    readonly env: NodeJS.ProcessEnv = { ...process.env, ALPA_AUTH_SANDBOX_DIR: this.dir };

    async call(...args: string[]): Promise<string> {
        const { stdout } = await run(process.execPath, [...CLI, ...args], {
            env: this.env,
            cwd: ROOT,
            maxBuffer: 1e8,
        });
        return stdout;
    }

    /** Ends all processes of the sandbox and removes its folder. */
    async down(): Promise<void> {
        await this.call("down");
        rmSync(this.dir, { recursive: true, force: true });
    }

    /** Starts `up` in the foreground and waits until it has printed its checks. */
    async foreground(): Promise<{ cli: ChildProcess; ended: Promise<number | null> }> {
        const cli = spawn(process.execPath, [...CLI, "up"], {
            env: this.env,
            cwd: ROOT,
            stdio: ["ignore", "pipe", "pipe"],
        });
        let said = "";
        cli.stdout.on("data", (text) => (said += text));
        cli.stderr.on("data", (text) => (said += text));
        const ended = new Promise<number | null>((resolve) => cli.on("exit", resolve));
        await Promise.race([
            eventually("the sandbox", async () => said.includes("runs until Ctrl-C") || undefined, 500),
            ended.then((code) => assert.fail(`up ended with ${code}:\n${said}`)),
        ]);
        return { cli, ended };
    }

    /** Runs each printed command in a shell, in a folder other than the clone. @returns the output of `sandbox status` */
    async pasted(): Promise<{ url: string; page: string; try: Attempt[] }> {
        const status = JSON.parse(await this.call("status", "--json")) as { url: string; page: string; try: Attempt[] };
        for (const expected of [200, 401, 404]) assert.ok(status.try.some(({ expect }) => expect === expected));
        for (const attempt of status.try) {
            const { stdout } = await run("sh", ["-c", attempt.command], { cwd: "/" });
            assert.equal(Number(stdout.trimEnd().split("\n").pop()), attempt.expect, attempt.title);
        }
        return status;
    }

    /** Command lines of the sandbox's processes. */
    alive(): string[] {
        return running(this.dir).map(({ name }) => name);
    }
}
