// Proves how a run of Pulumi is interrupted: first like by Ctrl-C, and killed only when that does not end it. A small program
// replaces pulumi.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { runPulumi } from "../../../../ops/stack/pulumi";

describe("a run of Pulumi", () => {
    const path = process.env.PATH;
    let folder: string;

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-pulumi-"));
        process.env.PATH = [folder, path].join(delimiter);
    });
    afterEach(() => {
        process.env.PATH = path;
        rmSync(folder, { recursive: true, force: true });
    });

    it("has providers return detailed differences, whatever the environment sets", async () => {
        const name = "PULUMI_TF_BRIDGE_ACCURATE_PF_BRIDGE_PREVIEW";
        const file = join(folder, "pulumi");
        writeFileSync(file, `#!${process.execPath}\nconsole.log(process.env.${name})\n`);
        chmodSync(file, 0o755);
        process.env[name] = "false";
        try {
            assert.equal((await runPulumi(folder)(["refresh"])).stdout, "true\n");
        } finally {
            delete process.env[name];
        }
    });

    /**
     * Interrupts a program as soon as it has started.
     * @param onInterrupt what it does then
     * @param patience seconds until it is interrupted once more, and then until it is killed: it needs a moment for each
     */
    async function brokenOff(onInterrupt: string, patience: [number, number]) {
        const file = join(folder, "pulumi");
        const program = `process.on("SIGINT", () => { ${onInterrupt} }); setInterval(() => 0, 1000); console.log("here");`;
        writeFileSync(file, `#!${process.execPath}\n${program}\n`);
        chmodSync(file, 0o755);
        const order = new AbortController();
        const onLine = () => order.abort();
        return runPulumi(folder, patience)(["up"], { onLine, signal: order.signal });
    }

    it("may end what it has begun when it is interrupted", async () => {
        const { code, stdout } = await brokenOff(
            'console.log("ending"); setTimeout(() => process.exit(3), 50);',
            [20, 1],
        );
        assert.deepEqual([code, stdout], [3, "here\nending\n"]);
    });

    it("that does not end is interrupted once more, and then killed", async () => {
        const { code, stdout } = await brokenOff('console.log("no");', [1.5, 1.5]);
        assert.deepEqual([code, stdout], [1, "here\nno\nno\n"]);
    });

    it("that was killed is not waited for, although its child process lives and holds its output", async () => {
        const file = join(folder, "plugin.pid");
        const plugin = `require("node:child_process").spawn("sleep", ["60"], { detached: true, stdio: "inherit" })`;
        const once = `if (globalThis.plugin === undefined) require("node:fs").writeFileSync(${JSON.stringify(file)}, String((globalThis.plugin = ${plugin}).pid))`;
        const { code } = await brokenOff(once, [3, 0.1]);
        process.kill(Number(readFileSync(file, "utf8")), "SIGKILL");
        assert.equal(code, 1);
    });

    it("does not outlive the process that started it, whatever ends that", async () => {
        const file = join(folder, "pulumi");
        const program = `process.on("SIGINT", () => { require("node:fs").writeFileSync(${JSON.stringify(join(folder, "told"))}, ""); process.exit(3); }); setInterval(() => 0, 1000); console.log(1);`;
        writeFileSync(file, `#!${process.execPath}\n${program}\n`);
        chmodSync(file, 0o755);
        const source = require.resolve("../../../../ops/stack/pulumi");
        const order = "new AbortController().signal";
        const parent = `require(${JSON.stringify(source)}).runPulumi(".")(["up"], { signal: ${order}, onLine: () => process.exit(0) });`;
        const told = new Promise((resolve) => watch(folder, (_, name) => name === "told" && resolve(true)).unref());
        execFile(process.execPath, ["--require", "./load-typescript.js", "-e", parent]);
        assert.equal(await told, true);
    });

    it("is not started when it was interrupted before", async () => {
        const order = new AbortController();
        order.abort();
        writeFileSync(join(folder, "pulumi"), `#!${process.execPath}\nsetInterval(() => 0, 1000);\n`);
        chmodSync(join(folder, "pulumi"), 0o755);
        const { code } = await runPulumi(folder, [0.2, 0.2])(["up"], { signal: order.signal });
        assert.equal(code, 1);
    });
});
