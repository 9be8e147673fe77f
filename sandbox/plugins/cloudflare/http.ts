import { randomBytes } from "node:crypto";
import type { Values } from "../protocol";

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

    /** Sends a request. Unlike the released provider, it never repeats one. Throws for a status of 400 or above. */
    async call(method: string, path: string, body?: unknown): Promise<Answer> {
        const url = new URL(path, this.baseUrl).href;
        const headers: Record<string, string> = { Accept: "application/json" };
        if (this.token !== "") headers.Authorization = `Bearer ${this.token}`;
        if (body !== undefined)
            headers["Content-Type"] = body instanceof Upload ? body.contentType : "application/json";
        const text = body instanceof Upload ? body.text : body && JSON.stringify(body);
        const response = await fetch(url, {
            method,
            headers,
            body: text as string | undefined,
            redirect: "error",
        }).catch((error: Error & { cause?: { code?: string } }) => {
            throw new Error(`${method} "${url}": ${error.cause?.code ?? error.message}`, { cause: error });
        });
        const said = await response.text();
        if (response.status < 400) return { contentType: response.headers.get("content-type") ?? "", text: said };
        throw new HttpError(`${method} "${url}": ${response.status} ${response.statusText} ${said}`, response.status);
    }
}
