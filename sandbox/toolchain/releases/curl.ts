/**
 * Downloads with curl, which the sandbox needs anyway. Unlike `fetch` in Node.js 20, curl uses HTTPS_PROXY, NO_PROXY and the
 * certificates of the system.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";

export interface CurlOptions {
    /**
     * Longest wait for a connection, including DNS and TLS, in seconds.
     * @default 5, because some networks drop packets silently
     */
    connectSeconds?: number;
    /** Seconds after which a download is aborted if the server sends less than 1 kB/s. @default 10 */
    stallSeconds?: number;
    /** Allowed protocol, also after a redirect. @default "https"; tests use "http" */
    protocol?: "https" | "http";
}

interface CurlResult {
    /** Exit code of curl, as in its manual. 0 means success. */
    code: number;
    /** curl's error message. */
    message: string;
}

/** Exit codes of curl that are handled specially. */
export const CURL = { partial: 18, httpError: 22, timeout: 28, noRanges: 33, receive: 56, http2Stream: 92 } as const;

/** File for the response headers of a download, which contain the size of the file. */
export const headersFile = (file: string) => `${file}.headers`;

/** Downloads `url` into `file`. If `file` already contains the first part of the download, curl requests only the rest. */
export function curl(url: string, file: string, options: CurlOptions = {}): Promise<CurlResult> {
    const { connectSeconds = 5, stallSeconds = 10, protocol = "https" } = options;
    const args = [
        ...["--silent", "--show-error", "--fail", "--location", "--max-redirs", "5"],
        ...["--proto", `=${protocol}`, "--connect-timeout", `${connectSeconds}`],
        ...["--speed-limit", "1024", "--speed-time", `${stallSeconds}`],
        ...["--continue-at", "-", "--dump-header", headersFile(file), "--output", file, url],
    ];
    return new Promise((resolve) => {
        const child = spawn("curl", args, { stdio: ["ignore", "ignore", "pipe"] });
        const end = () => child.kill("SIGKILL");
        process.once("exit", end);
        let message = "";
        child.stderr.setEncoding("utf8").on("data", (text: string) => (message += text));
        const settle = (result: CurlResult) => {
            process.off("exit", end);
            resolve(result);
        };
        child.on("error", (error) => settle({ code: -1, message: `curl cannot be started: ${error.message}` }));
        child.on("close", (code) =>
            settle({ code: code ?? -1, message: message.trim() || `curl ended with exit code ${code}` }),
        );
    });
}

/** Size in bytes of the file that is being downloaded, from the response headers; undefined until they are received. */
export function announcedSize(file: string): number | undefined {
    let text: string;
    try {
        text = fs.readFileSync(headersFile(file), "latin1");
    } catch {
        return undefined;
    }
    // The headers of redirects and of a proxy's answer come before those of the final answer.
    const last = text
        .trim()
        .split(/\r?\n\r?\n/)
        .at(-1)!;
    const range = /^content-range:\s*bytes \d+-\d+\/(\d+)/im.exec(last);
    const length = /^HTTP\/\S+ 200/.test(last) ? /^content-length:\s*(\d+)/im.exec(last) : null;
    const found = range ?? length;
    return found ? Number(found[1]) : undefined;
}
