// Proves that a downloaded file is used only with the right checksum. Every first start of a sandbox with internet access
// downloads the real releases.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ToolchainError } from "../../../toolchain/errors";
import { download, DownloadFailed } from "../../../toolchain/releases/download";
import type { Checksum } from "../../../toolchain/releases/table";
import { startReleaseServer, type ReleaseServer } from "./kit";

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
