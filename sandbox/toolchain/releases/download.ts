/**
 * Downloads one file of a release with curl, and verifies its checksum. The sandbox needs curl anyway, and unlike `fetch` in
 * Node.js 20 it uses HTTPS_PROXY, NO_PROXY and the certificates of the system.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { ToolchainError } from "../errors";
import type { Checksum, Download } from "./table";

/** Thrown if a release cannot be downloaded. Then the program is built instead. */
export class DownloadFailed extends Error {
    constructor(message: string) {
        super(message);
        this.name = "DownloadFailed";
    }
}

/**
 * @param folder folder for the file
 * @param protocol allowed protocol, also after a redirect
 * @returns the path of the file, and the checksum
 * @throws DownloadFailed if it cannot be received
 * @throws ToolchainError if its checksum is wrong
 */
export async function download(
    { url, checksum }: Download,
    folder: string,
    protocol: "https" | "http" = "https",
): Promise<{ file: string; sum: string }> {
    const name = path.basename(new URL(url).pathname);
    const file = path.join(folder, name);
    const expected = await expectedSum(name, checksum, `${file}.checksums`, protocol);
    await receive(url, file, protocol);
    const got = await sumOf(file, expected.split(":")[0]);
    if (got === expected) return { file, sum: expected };
    throw new ToolchainError(
        `${name}: the checksum is wrong (got ${got}, expected ${expected} by ${sourceOf(checksum)}). It was downloaded ` +
            `from ${url} and has been deleted. Run the command again. If the checksum is wrong again, the server or a proxy sends ` +
            "a different file. To build the program instead, set ALPA_AUTH_DOWNLOADS=off.",
    );
}

/**
 * The limit of 5 s for a connection is short, because some networks drop packets silently. A download is aborted if the server
 * sends less than 1 kB/s for 10 s.
 */
function receive(url: string, file: string, protocol: string): Promise<void> {
    const args = [
        ...["--silent", "--show-error", "--fail", "--location", "--max-redirs", "5", "--proto", `=${protocol}`],
        ...["--connect-timeout", "5", "--speed-limit", "1024", "--speed-time", "10", "--retry", "1"],
        ...["--output", file, url],
    ];
    return new Promise((resolve, reject) => {
        const child = spawn("curl", args, { stdio: ["ignore", "ignore", "pipe"] });
        const end = () => child.kill("SIGKILL");
        process.once("exit", end);
        let message = "";
        child.stderr.setEncoding("utf8").on("data", (text: string) => (message += text));
        child.on("error", (error) => reject(new DownloadFailed(`curl cannot be started: ${error.message}`)));
        child.on("close", (code) => {
            process.off("exit", end);
            if (code === 0) resolve();
            else reject(new DownloadFailed(`${url}: ${message.trim() || `curl ended with exit code ${code}`}`));
        });
    });
}

/** The required checksum of a file, as `algorithm:hex`. */
async function expectedSum(name: string, checksum: Checksum, file: string, protocol: string): Promise<string> {
    if ("pinned" in checksum) return checksum.pinned;
    const url = sourceOf(checksum);
    await receive(url, file, protocol);
    const text = fs.readFileSync(file, "utf8");
    const sum = "list" in checksum ? sumInList(text, name) : sumInGitHub(text, name);
    if (sum === undefined) throw new DownloadFailed(`${url} has no SHA-256 of ${name}`);
    return `sha256:${sum}`;
}

/** The SHA-256 sum of a file, from a list in the format of `sha256sum`. */
function sumInList(text: string, name: string): string | undefined {
    const line = text.split(/\r?\n/).find((one) => one.slice(64).replace(/^ [ *]/, "") === name);
    return /^[0-9a-f]{64}/.exec(line ?? "")?.[0];
}

function sumInGitHub(text: string, name: string): string | undefined {
    try {
        const { assets } = JSON.parse(text) as { assets?: { name: string; digest?: string | null }[] };
        const digest = assets?.find((asset) => asset.name === name)?.digest;
        return /^sha256:([0-9a-f]{64})$/.exec(digest ?? "")?.[1];
    } catch {
        return undefined; // the answer is not JSON, for example a page of a proxy
    }
}

function sourceOf(checksum: Checksum): string {
    if ("pinned" in checksum) return "sandbox/toolchain/releases/checksums.ts";
    return "list" in checksum ? checksum.list : checksum.github;
}

async function sumOf(file: string, algorithm: string): Promise<string> {
    const hash = createHash(algorithm);
    for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
    return `${algorithm}:${hash.digest("hex")}`;
}
