import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "./settings";

/** Largest number of retries of a request (cloudflare-go 6.6 and later). */
const MAX_RETRIES = 10;
/** First and longest delay between retries, in milliseconds. */
const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 30_000;
/** Longest delay that a server can request, in milliseconds. A longer one is ignored. */
const ASKED_DELAY_LIMIT_MS = 60_000;

/** Headers of provider 6.x, whose Terraform plugin framework is 1.19.0. */
const HEADERS = {
    "User-Agent":
        "terraform-provider-cloudflare/pulumi terraform-plugin-framework/1.19.0 terraform/pulumi-terraform-bridge",
    "X-Stainless-Lang": "Terraform",
    "X-Stainless-Package-Version": "pulumi",
    "X-Stainless-Runtime": "terraform-plugin-framework",
    "X-Stainless-Runtime-Version": "1.19.0",
};

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
    status: number;
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
    constructor(private readonly settings: Settings) {}

    /** Sends a request with the retries of cloudflare-go. Throws for a status of 400 or above. */
    async call(method: string, path: string, body?: unknown): Promise<Answer> {
        const url = new URL(path, this.settings.baseUrl).href;
        for (let tried = 0; ; tried++) {
            const response = await this.request(method, url, body, tried);
            if (response instanceof Error) {
                if (tried === MAX_RETRIES) throw response;
                await sleep(backOff(tried));
                continue;
            }
            const text = await response.text();
            if (response.status < 400)
                return { status: response.status, contentType: response.headers.get("content-type") ?? "", text };
            if (tried === MAX_RETRIES || !isRetried(response)) throw failure(method, url, response, text);
            await sleep(askedDelay(response) ?? backOff(tried));
        }
    }

    private async request(method: string, url: string, body: unknown, tried: number): Promise<Response | Error> {
        const headers: Record<string, string> = { ...HEADERS, Accept: "application/json", ...this.settings.headers };
        headers["X-Stainless-Retry-Count"] = String(tried);
        const { contentType, text } =
            body instanceof Upload
                ? body
                : {
                      contentType: "application/json",
                      text: body === undefined ? undefined : JSON.stringify(sorted(body)),
                  };
        if (text !== undefined) headers["Content-Type"] = contentType;
        try {
            return await fetch(url, {
                method,
                headers,
                body: text,
                redirect: "error",
            });
        } catch (error) {
            const cause = (error as { cause?: { code?: string; message?: string } }).cause;
            return new Error(
                `${method} "${url}": ${cause?.code ?? cause?.message ?? String(error)}: failed to make http request`,
            );
        }
    }
}

function failure(method: string, url: string, response: Response, text: string): HttpError {
    const line = `${method} "${url}": ${response.status} ${response.statusText}`;
    return new HttpError(`${line} ${isJson(text) ? text : ""}: failed to make http request`, response.status);
}

function isJson(text: string): boolean {
    try {
        JSON.parse(text);
        return true;
    } catch {
        return false;
    }
}

function isRetried(response: Response): boolean {
    const said = response.headers.get("x-should-retry");
    if (said === "true" || said === "false") return said === "true";
    return [408, 409, 429].includes(response.status) || response.status >= 500;
}

function askedDelay(response: Response): number | undefined {
    const ms = response.headers.get("retry-after-ms");
    const after = response.headers.get("retry-after");
    const asked = ms
        ? Number(ms)
        : after
          ? Number.isNaN(Number(after))
              ? Date.parse(after) - Date.now()
              : Number(after) * 1000
          : NaN;
    return asked >= 0 && asked < ASKED_DELAY_LIMIT_MS ? asked : undefined;
}

function backOff(tried: number): number {
    const delay = Math.min(FIRST_DELAY_MS * 2 ** tried, LONGEST_DELAY_MS);
    return delay - Math.random() * (delay / 4);
}

/** Sorts the keys of all objects in a value, as the released provider does. */
export function sorted(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, item]) => [key, sorted(item)]),
    );
}
