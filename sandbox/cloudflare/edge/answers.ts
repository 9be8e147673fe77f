/**
 * Answers of the edge itself. Facts: they are HTML, not JSON as from the origin's API, and have the header `cf-ray`. Errors
 * numbered 1xxx are a line of text, "error code: 1010", for callers that do not accept text/html.
 */
import { randomBytes } from "node:crypto";
import { STATUS_CODES, type ServerResponse } from "node:http";
import { values, type EdgeAnswer, type EdgeRequest, type HeaderList } from "./types";

const TEXT = "text/plain; charset=UTF-8";

/** A ray id ends with the airport code of the edge's location. */
export const newRay = (): string => `${randomBytes(8).toString("hex")}-AUH`;

/** Headers that the edge adds to answers of the origin. `Server` replaces the origin's. */
export const signature = (ray: string): HeaderList => [
    ["Server", "cloudflare"],
    ["CF-RAY", ray],
    ["CF-Cache-Status", "DYNAMIC"],
];

export function send(answer: ServerResponse, reply: EdgeAnswer, ray: string): void {
    if (answer.destroyed) return;
    const headers: HeaderList = [
        ["Content-Type", reply.type],
        ["Content-Length", String(Buffer.byteLength(reply.body))],
        ["Cache-Control", "private, max-age=0, no-store, no-cache, must-revalidate"],
        ...(reply.headers ?? []),
        ...signature(ray).slice(0, 2),
    ];
    answer.writeHead(reply.status, headers.flat()).end(reply.body);
}

export function errorPage(status: number, { ray }: Pick<EdgeRequest, "ray">, detail = ""): EdgeAnswer {
    const title = `${status}: ${status === 502 ? "Bad gateway" : (STATUS_CODES[status] ?? "Error")}`;
    const body = `<body><h1>${title}</h1><p>${detail} Ray ID: ${ray}</p><hr>cloudflare</body>`;
    const html = `<!DOCTYPE html>\n<html lang="en-US">\n<head><title>${title}</title></head>\n${body}\n</html>\n`;
    return { status, type: "text/html; charset=UTF-8", body: html };
}

/** The answer for one of Cloudflare's numbered errors. @param code its number, for example 1033 */
export function numberedError(
    status: number,
    code: number,
    title: string,
    request: Pick<EdgeRequest, "ray" | "headers">,
): EdgeAnswer {
    const wantsHtml = values(request.headers, "accept").some((type) => type.includes("text/html"));
    if (wantsHtml) return errorPage(status, request, `Error ${code}: ${title}.`);
    return { status, type: TEXT, body: `error code: ${code}` };
}

export const unsupported = (what: string): EdgeAnswer => ({
    ...{ status: 501, type: TEXT, body: `unsupported by the sandbox: ${what}\n` },
});
