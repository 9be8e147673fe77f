/**
 * Answers of nginx itself, below APISIX: its error pages, status texts and limits of a request head.
 * Facts: recordings of APISIX 3.18.0 (OpenResty 1.29.2.4), and nginx defaults that APISIX's template does not change.
 */
import { APISIX_VERSION } from "../version";

/** Longest request line or header line, in bytes, with its line end (large_client_header_buffers 4 8k). */
export const MAX_HEAD_LINE = 8192;
/** Longest request head (all lines together), in bytes: four buffers of 8 KiB. */
export const MAX_HEAD = 4 * 8192;
/** Value of `Server` in answers by APISIX. If nginx rejects a request before APISIX runs, the value is "openresty". */
export const SERVER = `APISIX/${APISIX_VERSION}`;

const STATUS_TEXT: Record<number, string> = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    206: "Partial Content",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    406: "Not Acceptable",
    408: "Request Time-out",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    415: "Unsupported Media Type",
    416: "Requested Range Not Satisfiable",
    421: "Misdirected Request",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
    505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
};

/** Titles of error pages that differ from the status text. */
const PAGE_TITLE: Record<number, string> = { 401: "Authorization Required" };

export function statusText(status: number): string {
    return STATUS_TEXT[status] ?? "";
}

/** The error page of a status. It is "" if nginx has no page for the status and sends an empty body (for example 422). */
export function errorPage(status: number, detail?: string): string {
    const text = PAGE_TITLE[status] ?? STATUS_TEXT[status];
    if (text === undefined || status < 300) return "";
    const title = detail === undefined ? `${status} ${text}` : `${status} ${detail}`;
    return [
        "<html>",
        `<head><title>${title}</title></head>`,
        "<body>",
        `<center><h1>${status} ${text}</h1></center>`,
        ...(detail === undefined ? [] : [`<center>${detail}</center>`]),
        "<hr><center>openresty</center>",
        '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p></body>',
        "</html>",
        "",
    ].join("\r\n");
}

/** Media types to which nginx appends "; charset=utf-8" if they have no charset (directive charset, default charset_types). */
const CHARSET_TYPES = new Set([
    "text/html",
    "text/xml",
    "text/plain",
    "text/vnd.wap.wml",
    "application/javascript",
    "application/rss+xml",
]);

export function withCharset(contentType: string): string {
    return CHARSET_TYPES.has(contentType.toLowerCase()) ? `${contentType}; charset=utf-8` : contentType;
}

/** Thrown to end a request with nginx's error page of a status. No plugin can change this answer. */
export class NginxExit extends Error {
    constructor(readonly status: number) {
        super(`nginx ended the request with status ${status}`);
    }
}
