// Proves how a release's files are installed, and the progress that is shown.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { cached } from "../../../toolchain/cache";
import { headersFile } from "../../../toolchain/releases/curl";
import { DownloadFailed } from "../../../toolchain/releases/download";
import { Received, releaseRecipe } from "../../../toolchain/releases/recipe";
import { type ReleaseServer, startReleaseServer } from "./server";

const PROGRAM = "#!/bin/sh\necho tool\n";
const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");

describe("recipe of a release", () => {
    let server: ReleaseServer;
    let folder: string;
    const log = () => undefined;

    beforeEach(async () => {
        server = await startReleaseServer();
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "release-"));
    });
    afterEach(async () => {
        await server.close();
        fs.rmSync(folder, { recursive: true, force: true });
    });

    /** Serves a tar.gz of a folder that `fill` fills. */
    function serveArchive(fill: (folder: string) => void): string {
        const source = path.join(folder, "source");
        fs.mkdirSync(path.join(source, "tool-v1"), { recursive: true });
        fill(path.join(source, "tool-v1"));
        const archive = execFileSync("tar", ["-cz", "-C", source, "."]);
        server.files["/tool.tar.gz"] = archive;
        return sha256(archive);
    }
    const recipe = (sum: string, members: Record<string, string>) =>
        releaseRecipe(
            "tool",
            {
                version: "1.0.0",
                downloads: [{ url: `${server.url}/tool.tar.gz`, checksum: { pinned: `sha256:${sum}` }, members }],
            },
            { folder: path.join(folder, "downloads"), protocol: "http" },
        );
    const make = (sum: string, members: Record<string, string>) =>
        cached(recipe(sum, members), { root: path.join(folder, "tools"), log });

    it("puts only the named files of an archive into the cache", async () => {
        const sum = serveArchive((source) => {
            fs.writeFileSync(path.join(source, "tool"), PROGRAM);
            fs.writeFileSync(path.join(source, "README"), "read me");
        });
        const entry = await make(sum, { tool: "./tool-v1/tool" });
        assert.equal(entry.source, "downloaded");
        assert.deepEqual(fs.readdirSync(path.join(entry.folder, "bin")), ["tool"]);
        assert.equal(execFileSync(path.join(entry.folder, "bin", "tool"), { encoding: "utf8" }), "tool\n");
        assert.deepEqual(fs.readdirSync(path.join(folder, "downloads")), [], "the archive is not kept");
        const manifest = JSON.parse(fs.readFileSync(path.join(entry.folder, "manifest.json"), "utf8"));
        assert.deepEqual(manifest.facts, { [`${server.url}/tool.tar.gz`]: `sha256:${sum}` });
    });

    it("accepts a download that is the program itself", async () => {
        server.files["/tool-linux-amd64"] = PROGRAM;
        const checksum = { pinned: `sha256:${sha256(PROGRAM)}` };
        const downloads = [{ url: `${server.url}/tool-linux-amd64`, checksum, program: "tool" }];
        const options = { folder: path.join(folder, "downloads"), protocol: "http" as const };
        const one = releaseRecipe("tool", { version: "1.0.0", downloads }, options);
        const entry = await cached(one, { root: path.join(folder, "tools"), log });
        assert.equal(execFileSync(path.join(entry.folder, "bin", "tool"), { encoding: "utf8" }), "tool\n");
    });

    it("does not accept a link as a program", async () => {
        const sum = serveArchive((source) => fs.symlinkSync("/bin/sh", path.join(source, "tool")));
        await assert.rejects(make(sum, { tool: "./tool-v1/tool" }), /tool-v1\/tool is not a file/);
    });

    it("fails when the archive has no such file", async () => {
        const sum = serveArchive((source) => fs.writeFileSync(path.join(source, "other"), PROGRAM));
        await assert.rejects(
            make(sum, { tool: "./tool-v1/tool" }),
            (error) => error instanceof DownloadFailed && /tool\.tar\.gz cannot be unpacked: tar: /.test(error.message),
        );
    });

    it("fails when the file is not an archive", async () => {
        server.files["/tool.tar.gz"] = "not an archive";
        await assert.rejects(make(sha256("not an archive"), { tool: "tool" }), DownloadFailed);
    });

    describe("progress", () => {
        const file = () => path.join(folder, "arriving");
        const arrives = (bytes: number, headers: string) => {
            fs.writeFileSync(file(), Buffer.alloc(bytes));
            fs.writeFileSync(headersFile(file()), headers);
        };

        it("shows size, percent and time left", () => {
            const received = new Received();
            received.add(file());
            arrives(
                2_500_000,
                "HTTP/1.1 302 Found\r\nContent-Length: 7\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n",
            );
            assert.equal(received.text(Date.now() + 10_000), "2.5 of 10 MB (25%), 30s left");
        });

        it("estimates the time left from bytes of this run, and the percentage from the whole file", () => {
            arrives(5_000_000, "");
            const received = new Received();
            received.add(file());
            arrives(
                6_000_000,
                "HTTP/2 206\r\ncontent-length: 5000000\r\ncontent-range: bytes 5000000-9999999/10000000\r\n\r\n",
            );
            assert.equal(received.text(Date.now() + 10_000), "6.0 of 10 MB (60%), 40s left");
        });

        it("shows only the received size when the server does not send the total", () => {
            const received = new Received();
            received.add(file());
            arrives(1_500_000, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            assert.equal(received.text(), "1.5 MB");
        });
    });
});
