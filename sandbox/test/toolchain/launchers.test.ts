// Proves the executables in the plugin folder: that they start, and that none outlives the process that started it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { once } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as language from "@pulumi/pulumi/proto/language_pb";
import { installPlugins, writeLaunchers } from "../../toolchain/launchers";
import { waitFor } from "../../processes/wait";
import { ask, folderWith, isRunning, parentOf } from "../plugins/kit";

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

    /** Starts a launcher like the engine. @returns its address */
    async function start(name: string): Promise<string> {
        const plugin = spawn(path.join(plugins, name), ["127.0.0.1:1"], { stdio: ["ignore", "pipe", "inherit"] });
        started = plugin.pid;
        const [port] = (await once(plugin.stdout, "data")) as [Buffer];
        return `127.0.0.1:${Number(port)}`;
    }

    it("let pulumi-language-nodejs run a program, which ends with the language host", async () => {
        const script = path.join(folder, "node_modules/@pulumi/pulumi/cmd/run/index.js");
        fs.mkdirSync(path.dirname(script), { recursive: true });
        const seen = path.join(folder, "pid");
        fs.writeFileSync(
            script,
            `require("fs").writeFileSync("pid", String(process.pid)); setInterval(() => {}, 1000);`,
        );
        const address = await start("pulumi-language-nodejs");
        const client = new LanguageRuntimeClient(address, grpc.credentials.createInsecure());
        const info = new language.ProgramInfo().setProgramDirectory(folder).setEntryPoint(".");
        const ended = ask(client, client.run, new language.RunRequest().setPwd(folder).setInfo(info));
        ended.catch(() => undefined); // The call fails when the test kills the host.
        // The text of the file; undefined until the program has written it.
        const written = () => (fs.existsSync(seen) && fs.readFileSync(seen, "utf8")) || undefined;
        const pid = Number(await waitFor("the program", written, { seconds: 25 }));
        process.kill(started!, "SIGKILL");
        await waitFor("its end", () => !isRunning(pid) || undefined, { seconds: 25 });
        client.close();
    });

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
