import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Values } from "../protocol";

/** Largest number of retries of a request (cloudflare-go 6.6 and later). */
const MAX_RETRIES = 10;
/** First and longest delay between retries, in milliseconds. */
const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 30_000;
/** Longest delay that a server can request, in milliseconds. A longer one is ignored. */
const ASKED_DELAY_LIMIT_MS = 60_000;

/** An answer of status 400 or above. */
export class HttpError extends Error {
    constructor(
        message: string,
        readonly status: number,
    ) {
        super(message);
    }
}

export interface Answer {
    contentType: string;
    text: string;
}

/** A body of multipart/form-data, as Go's mime/multipart writes it. */
export class Upload {
    private constructor(
        readonly contentType: string,
        readonly text: string,
    ) {}

    static of(...parts: { disposition: string; type: string; text: string }[]): Upload {
        const boundary = randomBytes(30).toString("hex");
        const written = parts.map(
            ({ disposition, type, text }) =>
                `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`,
        );
        return new Upload(`multipart/form-data; boundary=${boundary}`, `${written.join("")}--${boundary}--\r\n`);
    }
}

/** Client of the Cloudflare API, with the settings of one provider instance. */
export class Api {
    private readonly baseUrl: string;
    private readonly token: string;

    /** @param given settings of the program. A setting that it does not have is read from the environment */
    constructor(given: Values, env: NodeJS.ProcessEnv) {
        const base = String(given.baseUrl || env.CLOUDFLARE_BASE_URL || "https://api.cloudflare.com/client/v4");
        this.baseUrl = base.endsWith("/") ? base : `${base}/`;
        this.token = String(given.apiToken || env.CLOUDFLARE_API_TOKEN || "");
    }

    /** Sends a request with the retries of cloudflare-go. Throws for a status of 400 or above. */
    async call(method: string, path: string, body?: unknown): Promise<Answer> {
        const url = new URL(path, this.baseUrl).href;
        for (let tried = 0; ; tried++) {
            const response = await this.request(method, url, body).catch((error: Error) => error);
            if (response instanceof Error) {
                const { cause } = response as { cause?: { code?: string; message?: string } };
                const why = cause?.code ?? cause?.message ?? response.message;
                if (tried === MAX_RETRIES) throw new Error(`${method} "${url}": ${why}: failed to make http request`);
                await sleep(backOff(tried));
                continue;
            }
            const text = await response.text();
            if (response.status < 400) return { contentType: response.headers.get("content-type") ?? "", text };
            if (tried === MAX_RETRIES || !isRetried(response)) {
                const line = `${method} "${url}": ${response.status} ${response.statusText}`;
                throw new HttpError(`${line} ${text}: failed to make http request`, response.status);
            }
            await sleep(askedDelay(response) ?? backOff(tried));
        }
    }

    private request(method: string, url: string, body: unknown): Promise<Response> {
        const { contentType, text } =
            body instanceof Upload ? body : { contentType: "application/json", text: body && JSON.stringify(body) };
        const headers: Record<string, string> = { Accept: "application/json" };
        if (this.token !== "") headers.Authorization = `Bearer ${this.token}`;
        if (text !== undefined) headers["Content-Type"] = contentType;
        return fetch(url, { method, headers, body: text as string | undefined, redirect: "error" });
    }
}

function isRetried(response: Response): boolean {
    const said = response.headers.get("x-should-retry");
    if (said === "true" || said === "false") return said === "true";
    return [408, 409, 429].includes(response.status) || response.status >= 500;
}

function askedDelay({ headers }: Response): number | undefined {
    const ms = Number(headers.get("retry-after-ms") ?? Number(headers.get("retry-after") ?? NaN) * 1000);
    return ms >= 0 && ms < ASKED_DELAY_LIMIT_MS ? ms : undefined;
}

function backOff(tried: number): number {
    const delay = Math.min(FIRST_DELAY_MS * 2 ** tried, LONGEST_DELAY_MS);
    return delay - Math.random() * (delay / 4);
}
