// Proves how a download behaves on unreliable networks. Every first start of a sandbox with internet access tests the real
// releases.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { ToolchainError } from "../../../toolchain/errors";
import { download, DownloadFailed } from "../../../toolchain/releases/download";
import type { Checksum } from "../../../toolchain/releases/table";
import { answer, ignoreRange, type ReleaseServer, sendPart, startReleaseServer, type Treatment } from "./server";

const CONTENT = Array.from({ length: 2000 }, (_, i) => `line ${i}\n`).join("");
const OTHER = CONTENT.toUpperCase();
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const SHA512 = createHash("sha512").update(CONTENT).digest("hex");

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

    const options = () => ({ folder, protocol: "http" as const, connectSeconds: 1, stallSeconds: 1 });
    const get = (checksum: Checksum = { pinned: `sha256:${SHA256}` }) =>
        download({ url: `${server.url}/tool.tar.gz`, checksum }, options());
    const treat = (...list: Treatment[]) => (server.treatments["/tool.tar.gz"] = list);
    const left = () => fs.readdirSync(folder).map((name) => name.replace(/^[0-9a-f]{12}-/, ""));
    const failed = (pattern: RegExp) => (error: Error) =>
        error instanceof DownloadFailed && pattern.test(error.message);

    it("returns the file when it has the pinned checksum", async () => {
        const { file, sum } = await get();
        assert.equal(fs.readFileSync(file, "utf8"), CONTENT);
        assert.equal(sum, `sha256:${SHA256}`);
        assert.deepEqual(left(), ["tool.tar.gz"]);
    });

    it("takes a pinned SHA-512 too", async () => {
        assert.equal((await get({ pinned: `sha512:${SHA512}` })).sum, `sha512:${SHA512}`);
    });

    it("follows a redirect", async () => {
        treat(answer(302, { Location: "/elsewhere" }));
        server.files["/elsewhere"] = CONTENT;
        await get();
        assert.deepEqual(server.seen, ["/tool.tar.gz", "/elsewhere"]);
    });

    it("does not follow a redirect to another protocol", async () => {
        treat(answer(302, { Location: `ftp://127.0.0.1/tool.tar.gz` }));
        await assert.rejects(get(), failed(/[Pp]rotocol/));
    });

    describe("by a checksum list that is published with the release", () => {
        const list = () => ({ list: `${server.url}/SHA256SUMS` });

        it("finds the line of the downloaded file", async () => {
            server.files["/SHA256SUMS"] = `${"0".repeat(64)}  tool.tar.gz.sig\n${SHA256}  tool.tar.gz\n`;
            assert.equal((await get(list())).sum, `sha256:${SHA256}`);
        });

        it("accepts nothing when the list has no such line", async () => {
            server.files["/SHA256SUMS"] = `${SHA256}  other.tar.gz\n`;
            await assert.rejects(get(list()), failed(/SHA256SUMS has no SHA-256 of tool\.tar\.gz/));
            assert.deepEqual(server.seen, ["/SHA256SUMS"]);
        });

        it("accepts nothing when there is no list", async () => {
            await assert.rejects(get(list()), failed(/SHA256SUMS: .*404/));
        });
    });

    describe("by a release in GitHub's API", () => {
        const github = () => ({ github: `${server.url}/releases/v1` });
        const assets = (digest: string | null) => JSON.stringify({ assets: [{ name: "tool.tar.gz", digest }] });

        it("uses the digest of its file", async () => {
            server.files["/releases/v1"] = assets(`sha256:${SHA256}`);
            assert.equal((await get(github())).sum, `sha256:${SHA256}`);
        });

        for (const [what, body] of [
            ["has no digest of the file", assets(null)],
            ["is another page", "<html>sign in</html>"],
        ])
            it(`accepts nothing when the answer ${what}`, async () => {
                server.files["/releases/v1"] = body;
                await assert.rejects(get(github()), failed(/releases\/v1 has no SHA-256 of tool\.tar\.gz/));
            });
    });

    for (const status of [403, 404, 429, 500])
        it(`fails at once on HTTP status ${status}`, async () => {
            treat(answer(status));
            await assert.rejects(get(), failed(new RegExp(`tool\\.tar\\.gz: .*${status}`)));
            assert.equal(server.seen.length, 1);
        });

    it("fails at once without a listener", async () => {
        await server.close();
        await assert.rejects(get(), failed(/[Cc]onnect/));
    });

    it("gives up a connection that is not established, and a silent server, within the timeout", async () => {
        const silent = net.createServer(() => undefined);
        await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
        const { port } = silent.address() as net.AddressInfo;
        const started = Date.now();
        try {
            const url = `https://127.0.0.1:${port}/tool.tar.gz`;
            const checksum = { pinned: `sha256:${SHA256}` };
            // The server never answers the TLS handshake, which is part of connecting.
            await assert.rejects(
                download({ url, checksum }, { ...options(), protocol: "https" }),
                failed(/timed? ?out/i),
            );
        } finally {
            silent.close();
        }
        assert.ok(Date.now() - started < 20_000);
    });

    it("continues where a broken connection ended", async () => {
        treat(sendPart(CONTENT, 5000, "break"));
        const { file } = await get();
        assert.equal(fs.readFileSync(file, "utf8"), CONTENT);
        assert.deepEqual(server.seen, ["/tool.tar.gz", "/tool.tar.gz bytes=5000-"]);
    });

    it("continues where a server became silent", async () => {
        treat(sendPart(CONTENT, 900, "stall"));
        await get();
        assert.equal(server.seen.at(-1), "/tool.tar.gz bytes=900-");
    });

    it("keeps its part when the server stays silent, and a later call continues", async () => {
        const silence: Treatment = () => undefined;
        treat(sendPart(CONTENT, 5000, "break"), silence);
        await assert.rejects(get(), failed(/; 5000 bytes are kept for the next try/));
        assert.deepEqual(left(), ["tool.tar.gz"]);
        await get();
        assert.equal(server.seen.at(-1), "/tool.tar.gz bytes=5000-");
    });

    it("starts again where a server ignores ranges", async () => {
        treat(sendPart(CONTENT, 5000, "break"), ignoreRange(CONTENT));
        const { file } = await get();
        assert.equal(fs.readFileSync(file, "utf8"), CONTENT);
        assert.equal(server.seen.at(-1), "/tool.tar.gz");
    });

    it("starts again when the local part is longer than the server's file", async () => {
        treat(sendPart(CONTENT + CONTENT, CONTENT.length + 10, "break"));
        const { file } = await get();
        assert.equal(fs.readFileSync(file, "utf8"), CONTENT);
    });

    it("needs no server for a file that is complete already", async () => {
        await get();
        await server.close();
        await get();
    });

    it("loads the whole file again when the local part is damaged", async () => {
        const { file } = await get();
        fs.writeFileSync(file, OTHER.slice(0, 5000));
        await get();
        assert.equal(fs.readFileSync(file, "utf8"), CONTENT);
    });

    it("rejects a file with a wrong checksum by name and URL, and deletes it", async () => {
        server.files["/tool.tar.gz"] = OTHER;
        await assert.rejects(get(), (error: Error) => {
            assert.ok(error instanceof ToolchainError, "a wrong checksum is no reason to build instead");
            assert.match(error.message, /^tool\.tar\.gz: the checksum is wrong \(got sha256:/);
            assert.ok(error.message.includes(`${server.url}/tool.tar.gz and has been deleted`));
            return true;
        });
        assert.deepEqual(left(), []);
    });
});
