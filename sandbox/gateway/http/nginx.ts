/** Answers of nginx itself, below APISIX: error pages and status texts, as recorded from APISIX 3.18.0 (OpenResty 1.29.2.4). */
import { STATUS_CODES } from "node:http";
import { APISIX_VERSION } from "../version";

/** Value of `Server` in answers by APISIX. If nginx rejects a request before APISIX runs, the value is "openresty". */
export const SERVER = `APISIX/${APISIX_VERSION}`;

/** Status texts that differ from those of Node.js. */
const STATUS_TEXT: Record<number, string> = {
    405: "Not Allowed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
};

export function statusText(status: number): string {
    return STATUS_TEXT[status] ?? STATUS_CODES[status] ?? "";
}

export function errorPage(status: number, detail?: string): string {
    const text = status === 401 ? "Authorization Required" : statusText(status);
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
