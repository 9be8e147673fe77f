/**
 * Answers of the edge itself. Facts: they are HTML, not JSON as from the origin's API, and have the header `cf-ray`.
 * Errors numbered 1xxx are a line of text, "error code: 1010", for callers that do not accept text/html.
 */
import type { EdgeAnswer, EdgeRequest, HeaderList } from "./types";

const HTML = "text/html; charset=UTF-8";
const TEXT = "text/plain; charset=UTF-8";

/** Titles of error pages, by status. */
const TITLES: Record<number, string> = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    413: "Payload Too Large",
    414: "URI Too Long",
    502: "Bad gateway",
    524: "A timeout occurred",
    530: "Origin unreachable",
};

export function errorPage(status: number, request: Pick<EdgeRequest, "hostname" | "ray">, detail = ""): EdgeAnswer {
    const title = `${status}: ${TITLES[status] ?? "Error"}`;
    return page(status, `${request.hostname} | ${title}`, title, `${detail} Ray ID: ${request.ray}`);
}

/** The answer for one of Cloudflare's numbered errors. @param code its number, for example 1033 */
export function numberedError(
    status: number,
    code: number,
    title: string,
    request: Pick<EdgeRequest, "hostname" | "ray" | "headers">,
    headers: HeaderList = [],
): EdgeAnswer {
    const wantsHtml = request.headers.some(([k, v]) => k.toLowerCase() === "accept" && v.includes("text/html"));
    if (!wantsHtml) return { status, headers, type: TEXT, body: `error code: ${code}` };
    const html = page(status, `${title} | ${request.hostname}`, `Error ${code}`, `${title}. Ray ID: ${request.ray}`);
    return { ...html, headers };
}

/** Access's page for a rejected request, if it does not redirect to the login. */
export function accessPage(status: 401 | 403, request: EdgeRequest): EdgeAnswer {
    const title = status === 401 ? "Unauthorized" : "Forbidden";
    return page(
        status,
        `${title} ・ Cloudflare Access`,
        title,
        `You do not have permission to view this. ${request.ray}`,
    );
}

export function unsupported(what: string): EdgeAnswer {
    return { status: 501, type: TEXT, body: `unsupported by the sandbox: ${what}\n` };
}

/** The answer if the emulator itself fails. Its log has the error. */
export const ownFault = (): EdgeAnswer => ({
    status: 500,
    type: TEXT,
    body: "the sandbox's edge failed: see its log\n",
});

function page(status: number, title: string, heading: string, text: string): EdgeAnswer {
    const safe = (value: string) => value.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
    const head = `<head><title>${safe(title)}</title></head>`;
    const body = `<body><h1>${safe(heading)}</h1><p>${safe(text.trim())}</p><hr>cloudflare</body>`;
    return { status, type: HTML, body: `<!DOCTYPE html>\n<html lang="en-US">\n${head}\n${body}\n</html>\n` };
}
