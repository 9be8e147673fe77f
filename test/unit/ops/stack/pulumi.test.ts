// Proves how a run of Pulumi is interrupted: first by SIGINT, and by SIGKILL only if Pulumi does not end. A small program
// replaces pulumi.
import { strict as assert } from "node:assert";
import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
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
     * @param onInterrupt code that the program runs at SIGINT
     * @param patience seconds until the program gets the second SIGINT, and then until it is killed
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

    it("may finish its current work when it is interrupted", async () => {
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

    it("does not outlive the process that started it, whatever ends that process", async () => {
        const file = join(folder, "pulumi");
        const program = `process.on("SIGINT", () => { require("node:fs").writeFileSync(${JSON.stringify(join(folder, "told"))}, ""); process.exit(3); }); setInterval(() => 0, 1000); console.log(1);`;
        writeFileSync(file, `#!${process.execPath}\n${program}\n`);
        chmodSync(file, 0o755);
        const source = require.resolve("../../../../ops/stack/pulumi");
        const order = "new AbortController().signal";
        const parent = `require(${JSON.stringify(source)}).runPulumi(".")(["up"], { signal: ${order}, onLine: () => process.exit(0) });`;
        const told = new Promise((resolve) => watch(folder, (_, name) => name === "told" && resolve(true)).unref());
        execFile(process.execPath, ["--require=tsx/cjs", "-e", parent]);
        assert.equal(await told, true);
    });

    for (const name of ["SIGTERM", "SIGHUP"])
        it(`is interrupted once at ${name} and waited for, and no other run begins`, async () => {
            const program = `process.on("SIGINT", () => { console.log("ending"); setTimeout(() => process.exit(3), 50); }); setInterval(() => 0, 1000); console.log("here");`;
            writeFileSync(join(folder, "pulumi"), `#!${process.execPath}\n${program}\n`);
            chmodSync(join(folder, "pulumi"), 0o755);
            const source = require.resolve("../../../../ops/stack/pulumi");
            // Signals the whole process group, like a closed terminal.
            const onLine = `(line) => line === "here" && process.kill(-process.pid, "${name}")`;
            const parent = `const run = require(${JSON.stringify(source)}).runPulumi(".");
                run(["up"], { onLine: ${onLine} }).then(({ code, stdout }) => {
                    console.log(JSON.stringify([code, stdout]));
                    return run(["stack", "export"]).catch(({ message }) => console.log(message));
                });`;
            const args = ["--require=tsx/cjs", "-e", parent];
            const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
            const [first, second] = (await text(child.stdout)).trim().split("\n");
            assert.deepEqual(JSON.parse(first), [3, "here\nending\n"]);
            assert.equal(
                second,
                `pulumi stack export: was ended by ${name}. See what was done: npm run ops -- stack history`,
            );
        });

    it("gets only one SIGINT of a Ctrl-C that npx forwards", async () => {
        const program = `process.on("SIGINT", () => { console.log("one"); setTimeout(() => process.exit(3), 200); }); setInterval(() => 0, 1000); console.log("here");`;
        writeFileSync(join(folder, "pulumi"), `#!${process.execPath}\n${program}\n`);
        chmodSync(join(folder, "pulumi"), 0o755);
        const press = (line: string) => {
            // The second signal is sent only after the first has arrived, because the kernel merges two pending signals
            // of the same kind.
            if (line === "here" || line === "one") process.emit("SIGINT");
        };
        assert.equal((await runPulumi(folder)(["up"], { onLine: press })).stdout, "here\none\n");
    });
});
