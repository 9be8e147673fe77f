// Proves which installed programs are used, and which programs a downloaded Pulumi includes. obtain.test.ts tests downloads
// and builds of the programs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ensureTools } from "../../toolchain/toolchain";
import type { Download } from "../../toolchain/releases/table";
import { startReleaseServer, type ReleaseServer } from "./releases/kit";

describe("tool chain", () => {
    let folder: string;
    let lines: string[];
    const log = (line: string) => void lines.push(line);

    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "tools-"));
        lines = [];
    });
    afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

    /** Installs a program that prints one line for any arguments. */
    function install(name: string, prints: string, below = "bin"): NodeJS.ProcessEnv {
        const bin = path.join(folder, below);
        fs.mkdirSync(bin, { recursive: true });
        fs.writeFileSync(path.join(bin, name), `#!/bin/sh\necho '${prints}'\n`, { mode: 0o755 });
        return { PATH: bin };
    }

    const options = (env: NodeJS.ProcessEnv) => ({ env, log, cacheDir: path.join(folder, "cache") });

    it("uses an installed Pulumi with its own plugins, and then needs no provider", async () => {
        const env = install("pulumi", "v3.999.0");
        install("pulumi-language-nodejs", "");
        const tools = await ensureTools(["pulumi", "pulumi-resource-kubernetes"], options(env));
        assert.equal(tools.pulumi, path.join(folder, "bin", "pulumi"));
        assert.equal(tools.pluginDir, undefined);
        assert.equal(tools["pulumi-resource-kubernetes"], undefined);
        assert.deepEqual(lines, []);
    });

    describe("with releases", () => {
        let server: ReleaseServer;
        beforeEach(async () => (server = await startReleaseServer()));
        afterEach(() => server.close());

        /** Serves an archive whose programs print their names. */
        function release(file: string, programs: string[]): Download {
            const source = path.join(folder, file);
            fs.mkdirSync(source);
            for (const name of programs)
                fs.writeFileSync(path.join(source, name), `#!/bin/sh\necho released ${name}\n`, { mode: 0o755 });
            const archive = execFileSync("tar", ["-cz", "-C", folder, file]);
            server.files[`/${file}.tar.gz`] = archive;
            const pinned = `sha256:${createHash("sha256").update(archive).digest("hex")}`;
            const members = Object.fromEntries(programs.map((name) => [name, `${file}/${name}`]));
            return { url: `${server.url}/${file}.tar.gz`, checksum: { pinned }, members };
        }
        const ensure = (downloads: Download[], env: NodeJS.ProcessEnv = {}) => {
            const releases = { of: () => ({ version: "3.0.0", downloads }), protocol: "http" as const };
            return ensureTools(["pulumi"], { ...options({ PATH: folder, ...env }), releases });
        };
        const prints = (tools: { pluginDir?: string }, name: string) =>
            // The downloaded program prints its name and exits. An emulator of it would run as a server until the timeout.
            execFileSync(path.join(tools.pluginDir!, name), { encoding: "utf8", timeout: 10_000 });

        it("downloads Pulumi with its own language host and providers", async () => {
            const tools = await ensure([
                release("pulumi-v3", ["pulumi", "pulumi-language-nodejs"]),
                release("random", ["pulumi-resource-random"]),
            ]);
            assert.deepEqual(
                tools.found.map(({ name, version, source }) => [name, version, source]),
                [["pulumi", "3.0.0", "downloaded"]],
            );
            for (const name of ["pulumi", "pulumi-language-nodejs", "pulumi-resource-random"])
                assert.equal(prints(tools, name), `released ${name}\n`);
            const launcher = fs.readFileSync(path.join(tools.pluginDir!, "pulumi-resource-cloudflare"), "utf8");
            assert.match(launcher, /emulators\/pulumi-resource-cloudflare\.cjs/);
        });

        it("sends no request when ALPA_AUTH_DOWNLOADS is off", async () => {
            const downloads = [release("pulumi-v3", ["pulumi"])];
            await assert.rejects(ensure(downloads, { ALPA_AUTH_DOWNLOADS: "off" }), /Go is needed to build it/);
            assert.deepEqual(server.seen, []);
            assert.ok(lines.includes("pulumi: building it, because ALPA_AUTH_DOWNLOADS is off"));
        });
    });
});
