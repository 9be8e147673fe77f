// Proves that a downloaded file is used only with the right checksum, and which installed or downloaded programs are used.
import { createServer } from "node:http";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { execFileSync } from "node:child_process";
import { listen } from "../../processes/listen";
import { ToolchainError } from "../../toolchain/errors";
import { download, DownloadFailed } from "../../toolchain/releases/download";
import type { Checksum, Download } from "../../toolchain/releases/table";
import { ensureTools } from "../../toolchain/toolchain";

interface ReleaseServer {
    url: string;
    /** Files by path. */
    files: Record<string, Buffer | string>;
    /** Path of each request. */
    seen: string[];
    close(): Promise<void>;
}

async function startReleaseServer(): Promise<ReleaseServer> {
    const files: ReleaseServer["files"] = {};
    const seen: string[] = [];
    const server = createServer((request, response) => {
        const path = request.url!;
        seen.push(path);
        if (path in files) response.end(files[path]);
        else response.writeHead(404).end("Not Found");
    });
    const { port, close } = await listen(server);
    return { url: `http://127.0.0.1:${port}`, files, seen, close };
}

const CONTENT = "content of the archive\n";
const sumOf = (algorithm: string, text = CONTENT) => createHash(algorithm).update(text).digest("hex");
const SHA256 = sumOf("sha256");

describe("download of a release", () => {
    let server: ReleaseServer;
    let folder: string;
    beforeEach(async () => {
        server = await startReleaseServer();
        server.files["/tool.tar.gz"] = CONTENT;
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "download-"));
    });
    afterEach(async () => {
        await server.close();
        fs.rmSync(folder, { recursive: true, force: true });
    });
    const get = (checksum: Checksum) => download({ url: `${server.url}/tool.tar.gz`, checksum }, folder, "http");

    const accepted: [what: string, checksum: () => Checksum, list?: string][] = [
        ["the pinned SHA-256", () => ({ pinned: `sha256:${SHA256}` })],
        ["the pinned SHA-512", () => ({ pinned: `sha512:${sumOf("sha512")}` })],
        [
            "its line of a list",
            () => ({ list: `${server.url}/sums` }),
            `${"0".repeat(64)}  tool.tar.gz.sig\n${SHA256}  tool.tar.gz\n`,
        ],
        [
            "its digest in GitHub's API",
            () => ({ github: `${server.url}/sums` }),
            JSON.stringify({ assets: [{ name: "tool.tar.gz", digest: `sha256:${SHA256}` }] }),
        ],
    ];
    for (const [what, checksum, list] of accepted)
        it(`returns a file that has ${what}`, async () => {
            if (list !== undefined) server.files["/sums"] = list;
            assert.equal(fs.readFileSync((await get(checksum())).file, "utf8"), CONTENT);
        });

    const unknown: [what: string, checksum: () => Checksum, list?: string][] = [
        ["a list without its line", () => ({ list: `${server.url}/sums` }), `${SHA256}  other.tar.gz\n`],
        ["no list", () => ({ list: `${server.url}/sums` })],
        ["another page instead of GitHub's answer", () => ({ github: `${server.url}/sums` }), "<html>sign in</html>"],
    ];
    for (const [what, checksum, list] of unknown)
        it(`does not download a file with ${what}`, async () => {
            if (list !== undefined) server.files["/sums"] = list;
            await assert.rejects(get(checksum()), DownloadFailed);
            assert.deepEqual(server.seen, ["/sums"]);
        });

    it("rejects a file with a wrong checksum by name and URL", async () => {
        const wrong = get({ pinned: `sha256:${sumOf("sha256", "other")}` });
        await assert.rejects(wrong, (error: Error) => {
            assert.ok(error instanceof ToolchainError, "a wrong checksum is no reason to build instead");
            assert.match(error.message, /^tool\.tar\.gz: the checksum is wrong \(got sha256:.*http:.*has been deleted/);
            return true;
        });
    });

    it("fails where the file is missing", async () => {
        delete server.files["/tool.tar.gz"];
        await assert.rejects(get({ pinned: `sha256:${SHA256}` }), DownloadFailed);
    });
});

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
