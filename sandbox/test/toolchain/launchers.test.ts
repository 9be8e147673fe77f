// Proves the executables in the plugin folder: that they start, and that none outlives the process that started it.
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import assert from "node:assert/strict";
import { once } from "node:events";
import { installPlugins, writeLaunchers } from "../../toolchain/launchers";
import { waitFor } from "../../processes/wait";

/** A folder with these files, and a function that removes it. */
function folderWith(files: Record<string, string>): { folder: string; remove: () => void } {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "plugin-")));
    for (const [name, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), content);
    }
    return { folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

function isRunning(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}

/** Starts a Node.js script that starts `command`, prints its process id, and then waits. */
function parentOf(command: string, args: string[]): ChildProcess {
    const script =
        `const child = require("node:child_process").spawn(${JSON.stringify(command)}, ${JSON.stringify(args)}, ` +
        `{ stdio: ["ignore", "pipe", "inherit"] });` +
        `child.stdout.once("data", (port) => console.log(child.pid + " " + port));` +
        `setInterval(() => {}, 1000);`;
    return spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
}

describe("plugin launchers", function () {
    let folder: string;
    let remove: () => void;
    let removeAll: () => void;
    let plugins: string;
    /** The plugin that a test has started. If it still runs after the test, it is killed. */
    let started: number | undefined;

    before(() => {
        const all = folderWith({});
        removeAll = all.remove;
        plugins = writeLaunchers(path.join(all.folder, "plug'ins"));
    });
    after(() => removeAll());
    beforeEach(() => {
        started = undefined;
        ({ folder, remove } = folderWith({}));
    });
    afterEach(() => {
        if (started !== undefined && isRunning(started)) process.kill(started, "SIGKILL");
        remove();
    });

    it("are in the same layout below a Pulumi home as the plugins of an installed Pulumi", () => {
        for (const name of ["pulumi", "pulumi-resource-kubernetes"]) {
            fs.writeFileSync(path.join(plugins, name), name, { mode: 0o755 });
        }
        const home = path.join(folder, "home");
        assert.equal(installPlugins(home, plugins), path.join(home, "bin"));
        assert.deepEqual(fs.readdirSync(path.join(home, "bin")).sort(), [
            ".alpa-auth-sandbox",
            "pulumi",
            "pulumi-language-nodejs",
            "pulumi-resource-pulumi-nodejs",
        ]);
        const found = fs
            .readdirSync(path.join(home, "plugins"), { recursive: true })
            .filter((name) => /\//.test(String(name)));
        assert.deepEqual(found.map((name) => String(name).replace(/\d+\.\d+\.\d+/, "1.2.3")).sort(), [
            "resource-cloudflare-v1.2.3/pulumi-resource-cloudflare",
            "resource-command-v1.2.3/pulumi-resource-command",
            "resource-kubernetes-v1.2.3/pulumi-resource-kubernetes",
            "resource-random-v1.2.3/pulumi-resource-random",
        ]);
    });

    for (const name of [
        "pulumi-language-nodejs",
        "pulumi-resource-random",
        "pulumi-resource-cloudflare",
        "pulumi-resource-command",
    ]) {
        it(`include ${name}, which prints its port, and ends when the engine is killed`, async () => {
            const engine = parentOf(path.join(plugins, name), ["127.0.0.1:1"]);
            const [printed] = (await once(engine.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
            const [, pid, port] = /^(\d+) (\d+)\n/.exec(printed.toString()) ?? [];
            assert.ok(Number(port) > 0, printed.toString());
            started = Number(pid);
            assert.ok(isRunning(started));
            engine.kill("SIGKILL");
            await waitFor("its end", () => !isRunning(Number(pid)) || undefined, { seconds: 25 });
        });
    }

    it("let pulumi-resource-pulumi-nodejs run the program's own SDK, and end when the engine is killed", async () => {
        const script = "node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js";
        fs.mkdirSync(path.join(folder, path.dirname(script)), { recursive: true });
        fs.writeFileSync(
            path.join(folder, script),
            "console.log('from the program', process.argv[2]); setInterval(() => {}, 1000)",
        );
        const launcher = path.join(plugins, "pulumi-resource-pulumi-nodejs");
        const engine = parentOf("sh", ["-c", `cd '${folder}' && exec "$0" "$@"`, launcher, "127.0.0.1:1"]);
        const [printed] = (await once(engine.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
        const [, pid, text] = /^(\d+) (.*)\n/.exec(printed.toString()) ?? [];
        started = Number(pid);
        assert.equal(text, "from the program 127.0.0.1:1");
        engine.kill("SIGKILL");
        await waitFor("its end", () => !isRunning(Number(pid)) || undefined, { seconds: 25 });
    });
});
