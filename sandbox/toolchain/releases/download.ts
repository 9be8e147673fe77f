/** Downloads one file of a release and verifies its checksum. Received parts are kept for the next attempt. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { ToolchainError } from "../errors";
import { announcedSize, CURL, curl, headersFile, type CurlOptions } from "./curl";
import type { Checksum, Download } from "./table";

/**
 * Largest number of attempts for one file. A further attempt follows if the server rejects a range, or if the connection
 * broke after a part of the file was received.
 */
const TRIES = 5;

/** Thrown if a release cannot be downloaded. Then the program is built instead. */
export class DownloadFailed extends Error {
    constructor(message: string) {
        super(message);
        this.name = "DownloadFailed";
    }
}

interface DownloadOptions extends CurlOptions {
    /** Folder of incomplete files. */
    folder: string;
    /** Called with the file that is being received. */
    onStart?: (file: string) => void;
}

/**
 * Downloads a file and verifies its checksum. @returns the path of the file, and the checksum
 * @throws DownloadFailed if it cannot be received
 * @throws ToolchainError if its checksum is wrong
 */
export async function download(
    { url, checksum }: Download,
    options: DownloadOptions,
): Promise<{ file: string; sum: string }> {
    fs.mkdirSync(options.folder, { recursive: true });
    const name = path.basename(new URL(url).pathname);
    const expected = await expectedSum(name, checksum, options);
    const [algorithm] = expected.split(":");
    // The name of the file contains a hash of the URL, because some releases use the same file names in every version.
    const key = createHash("sha256").update(url).digest("hex").slice(0, 12);
    const file = path.join(options.folder, `${key}-${name}`);
    options.onStart?.(file);
    if (sizeOf(file) > 0 && (await sumOf(file, algorithm)) === expected) return { file, sum: expected };
    const { parts } = await receive(url, file, options);
    let got = await sumOf(file, algorithm);
    if (got !== expected && parts > 1) {
        // If the file was assembled from parts, it is downloaded again as a whole, because a kept part may be damaged
        // or belong to another file.
        fs.rmSync(file);
        await receive(url, file, options);
        got = await sumOf(file, algorithm);
    }
    if (got !== expected) {
        fs.rmSync(file);
        throw new ToolchainError(
            `${name}: the checksum is wrong (got ${got}, expected ${expected} by ${sourceOf(checksum)}). It was downloaded ` +
                `from ${url} and has been deleted. Run the command again. If the checksum is wrong again, the server or a proxy sends ` +
                "a different file. To build the program instead, set ALPA_AUTH_DOWNLOADS=off.",
        );
    }
    return { file, sum: expected };
}

/** Downloads the file with several attempts. @returns the number of parts from which the file was assembled */
async function receive(url: string, file: string, options: CurlOptions): Promise<{ parts: number }> {
    let parts = sizeOf(file) > 0 ? 1 : 0;
    for (let tries = 1; ; tries++) {
        const before = sizeOf(file);
        const { code, message } = await curl(url, file, options);
        const total = announcedSize(file);
        fs.rmSync(headersFile(file), { force: true });
        parts++;
        if (code === 0) return { parts };
        const after = sizeOf(file);
        const again = tries < TRIES;
        // The server cannot send the rest: it does not support ranges, or the file is shorter than the kept part.
        if (again && before > 0 && (code === CURL.noRanges || (code === CURL.httpError && /416/.test(message)))) {
            fs.rmSync(file);
            parts = 0;
            continue;
        }
        const broken = ([CURL.partial, CURL.timeout, CURL.receive, CURL.http2Stream] as number[]).includes(code);
        if (again && broken && after > before) continue;
        const kept = after > 0 ? `; ${after}${total ? ` of ${total}` : ""} bytes are kept for the next try` : "";
        throw new DownloadFailed(`${url}: ${message}${kept}`);
    }
}

/** The required checksum of a file, as `algorithm:hex`. */
async function expectedSum(name: string, checksum: Checksum, options: DownloadOptions): Promise<string> {
    if ("pinned" in checksum) return checksum.pinned;
    const url = "list" in checksum ? checksum.list : checksum.github;
    const text = await readSmall(url, `${name}.checksums`, options);
    const sum = "list" in checksum ? sumInList(text, name) : sumInGitHub(text, name);
    if (sum === undefined) throw new DownloadFailed(`${url} has no SHA-256 of ${name}`);
    return `sha256:${sum}`;
}

async function readSmall(url: string, name: string, options: DownloadOptions): Promise<string> {
    const file = path.join(options.folder, name);
    fs.rmSync(file, { force: true });
    try {
        await receive(url, file, options);
        return fs.readFileSync(file, "utf8");
    } finally {
        fs.rmSync(file, { force: true });
    }
}

/**
 * The SHA-256 sum of a file, from a list in the format of `sha256sum`: in each line the sum, two characters, and the file
 * name.
 */
function sumInList(text: string, name: string): string | undefined {
    const line = text.split(/\r?\n/).find((one) => one.slice(64).replace(/^ [ *]/, "") === name);
    return line && /^[0-9a-f]{64}$/.test(line.slice(0, 64)) ? line.slice(0, 64) : undefined;
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

function sizeOf(file: string): number {
    return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

async function sumOf(file: string, algorithm: string): Promise<string> {
    const hash = createHash(algorithm);
    for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
    return `${algorithm}:${hash.digest("hex")}`;
}
