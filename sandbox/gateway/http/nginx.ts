/**
 * Answers of nginx itself, below APISIX: error pages and status texts.
 * Facts: recordings of APISIX 3.18.0 (OpenResty 1.29.2.4).
 */
import { APISIX_VERSION } from "../version";

/** Value of `Server` in answers by APISIX. If nginx rejects a request before APISIX runs, the value is "openresty". */
export const SERVER = `APISIX/${APISIX_VERSION}`;

/** Status texts of nginx's pages; an answer with another status has an empty body. */
const STATUS_TEXT: Record<number, string> = {
    200: "OK",
    201: "Created",
    204: "No Content",
    301: "Moved Permanently",
    304: "Not Modified",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
};

export function statusText(status: number): string {
    return STATUS_TEXT[status] ?? "";
}

export function errorPage(status: number, detail?: string): string {
    const text = status === 401 ? "Authorization Required" : STATUS_TEXT[status];
    if (text === undefined || status < 300) return "";
    return [
        "<html>",
        `<head><title>${status} ${detail ?? text}</title></head>`,
        "<body>",
        `<center><h1>${status} ${text}</h1></center>`,
        ...(detail === undefined ? [] : [`<center>${detail}</center>`]),
        "<hr><center>openresty</center>",
        '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p></body>',
        "</html>",
        "",
    ].join("\r\n");
}

/** Thrown to end a request with nginx's error page of a status. No plugin can change this answer. */
export class NginxExit extends Error {
    constructor(readonly status: number) {
        super(`nginx ended the request with status ${status}`);
    }
}
