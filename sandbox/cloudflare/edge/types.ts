/**
 * Requests and answers of the edge itself. Facts: its answers are HTML, not JSON as from the origin's API, and have the header
 * `cf-ray`. Errors numbered 1xxx are a line of text, "error code: 1010", for callers that do not accept text/html.
 */
import { randomBytes } from "node:crypto";
import { STATUS_CODES, type ServerResponse } from "node:http";
import type { HeaderList } from "../connector/wire";
import type { Zone } from "../objects";

export interface EdgeRequest {
    zone: Zone;
    /** Lower case, without a port. */
    hostname: string;
    method: string;
    /** Path and query, as the caller sent them. */
    target: string;
    /** Normalized path, see {@link normalPath}. */
    path: string;
    /** Headers as they were sent: in order, not merged, not in lower case, none omitted. */
    headers: HeaderList;
    /** The caller's address. */
    ip: string;
    ray: string;
}

/** An answer of the edge itself. */
export interface EdgeAnswer {
    status: number;
    headers?: HeaderList;
    type: string;
    body: string;
}

/** Thrown for a feature that the emulator does not have. The edge answers 501 with the feature's name. */
export class Unsupported extends Error {}

export const values = (headers: HeaderList, name: string): string[] =>
    headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);

/**
 * The path with which rules and Access applications are compared. Fact: Cloudflare decodes escapes of unreserved characters,
 * resolves dot segments, and replaces backslashes and repeated slashes by one slash. The origin gets the path as sent.
 */
export function normalPath(path: string): string {
    const decoded = path
        .replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
            const character = String.fromCharCode(parseInt(hex, 16));
            return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
        })
        .replace(/[\\/]+/g, "/");
    const kept: string[] = [];
    const segments = decoded.split("/").slice(1);
    segments.forEach((segment, i) => {
        if (segment === "..") kept.pop();
        if (segment !== "." && segment !== "..") kept.push(segment);
        else if (i === segments.length - 1) kept.push("");
    });
    return `/${kept.join("/")}`;
}

const TEXT = "text/plain; charset=UTF-8";

/** A ray id ends with the airport code of the edge's location. */
export const newRay = (): string => `${randomBytes(8).toString("hex")}-AUH`;

/** Headers that the edge adds to answers. `Server` replaces the origin's. */
export const signature = (ray: string): HeaderList => [
    ["Server", "cloudflare"],
    ["CF-RAY", ray],
];

export function send(answer: ServerResponse, { status, type, body, headers = [] }: EdgeAnswer, ray: string): void {
    const own: HeaderList = [
        ["Content-Type", type],
        ["Content-Length", String(Buffer.byteLength(body))],
    ];
    if (!answer.destroyed) answer.writeHead(status, [...own, ...headers, ...signature(ray)].flat()).end(body);
}

export function errorPage(status: number, { ray }: Pick<EdgeRequest, "ray">, detail = ""): EdgeAnswer {
    const title = `${status}: ${status === 502 ? "Bad gateway" : (STATUS_CODES[status] ?? "Error")}`;
    const head = `<!DOCTYPE html>\n<html lang="en-US">\n<head><title>${title}</title></head>`;
    const body = `${head}\n<body><h1>${title}</h1><p>${detail} Ray ID: ${ray}</p><hr>cloudflare</body>\n</html>\n`;
    return { status, type: "text/html; charset=UTF-8", body };
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
