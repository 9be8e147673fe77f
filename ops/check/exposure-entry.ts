/** Checks how the entry point answers requests without a credential, at one of its addresses. */
import { request as plainRequest, type IncomingMessage } from "node:http";
import { request as tlsRequest } from "node:https";
import { connect, type ConnectionOptions } from "node:tls";
import { SAMPLE_COMPLETION } from "../../components/alpa/sample";
import { DAY_MS } from "../../config/keys/consumers/credentials";

export interface Entry {
    address: string;
    /** Address from the stack's outputs, with the path prefix of Alpa. */
    url: URL;
    /** Port for plain HTTP, if it must redirect to TLS. */
    httpPort?: number;
    /** Certificates to trust, in PEM form. Default: those of the system. */
    ca?: string;
    /** Statuses that reject a request without a credential. */
    refused: number[];
    /** Statuses for a path that the entry point must not serve. */
    closed: number[];
    /** Deadline of the whole check, in milliseconds since the epoch. */
    end: number;
}

export interface EntryCheck {
    address: string;
    check: string;
    got: string;
    ok: boolean;
    /** The problem; empty if there is none. */
    meaning: string;
}

/** Longest wait for one answer, in milliseconds. */
const ANSWER_MS = 10_000;
/** A certificate that expires within this many days was not renewed in time. */
const RENEWED_DAYS = 14;
const REDIRECTS = [301, 308];

export async function checkEntry(entry: Entry): Promise<EntryCheck[]> {
    const { url, refused, closed } = entry;
    const secure = url.protocol === "https:";
    const port = Number(url.port || (secure ? 443 : 80));
    const path = url.pathname.replace(/\/$/, "");
    const asks = (method: string, at: string, expected: number[], meaning: string) =>
        answered(entry, `${method} ${at} without a credential`, expected, meaning, () =>
            status(entry, { secure, port, method, path: at }),
        );
    return Promise.all([
        asks(
            "POST",
            `${path}/completions`,
            refused,
            "callers reach Alpa without a key, or the answer is not the gateway's",
        ),
        asks(
            "POST",
            `${path}/logprobs`,
            refused,
            "callers reach Alpa without a key, or the answer is not the gateway's",
        ),
        asks("GET", "/", closed, "this address also serves something other than Alpa"),
        asks("POST", "/completions", closed, "this address also serves something other than Alpa"),
        asks("GET", "/apisix/admin/routes", closed, "the Admin API may be served here"),
        ...(secure ? [certificate(entry, port), oldVersion(entry, port)] : []),
        ...(secure && entry.httpPort !== undefined ? [redirected(entry, entry.httpPort)] : []),
    ]);
}

async function answered(
    { address }: Entry,
    check: string,
    expected: number[],
    meaning: string,
    look: () => Promise<IncomingMessage>,
): Promise<EntryCheck> {
    try {
        const { statusCode } = await look();
        const ok = expected.includes(statusCode!);
        return {
            address,
            check,
            got: String(statusCode),
            ok,
            meaning: ok ? "" : `${meaning} (expected ${expected.join(" or ")})`,
        };
    } catch (error) {
        return { address, check, got: describeError(error), ok: false, meaning: "no answer" };
    }
}

async function redirected(entry: Entry, port: number): Promise<EntryCheck> {
    const { address, url } = entry;
    const check = `HTTP on port ${port} redirects to HTTPS`;
    try {
        const path = `${url.pathname}/completions`;
        const answer = await status(entry, { secure: false, port, method: "POST", path });
        const { location = "" } = answer.headers;
        const ok = REDIRECTS.includes(answer.statusCode!) && location === `${url.origin}${path}`;
        const meaning = ok ? "" : `keys and tokens are sent in plain text (expected 308 to ${url.origin}${path})`;
        return { address, check, got: `${answer.statusCode} ${location}`.trim(), ok, meaning };
    } catch (error) {
        return {
            address,
            check,
            got: describeError(error),
            ok: false,
            meaning: "no answer: callers that use http:// get no redirect",
        };
    }
}

/** One request without a credential; the answer's body is not read. */
function status(
    { address, url, end }: Entry,
    { secure, port, method, path }: { secure: boolean; port: number; method: string; path: string },
): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
        const body = method === "POST" ? SAMPLE_COMPLETION : "";
        const options = {
            ...{ host: address, port, method, path, agent: false },
            headers: { Host: url.host, "Content-Type": "application/json", "Content-Length": body.length },
            timeout: within(end),
        };
        // Another check verifies the certificate.
        const sent = secure
            ? tlsRequest({ ...options, servername: url.hostname, rejectUnauthorized: false })
            : plainRequest(options);
        sent.on("response", (answer) => {
            answer.on("error", () => undefined);
            resolve(answer);
            sent.destroy();
        });
        sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
        sent.on("error", reject);
        sent.end(body);
    });
}

async function certificate(entry: Entry, port: number): Promise<EntryCheck> {
    const { address, url, ca } = entry;
    const check = `the certificate is valid for ${url.hostname}`;
    try {
        const ends = await handshake(entry, port, ca === undefined ? {} : { ca });
        const days = Math.floor((new Date(ends).getTime() - Date.now()) / DAY_MS);
        const ok = days >= RENEWED_DAYS;
        return {
            address,
            check,
            got: `yes, for ${days} days`,
            ok,
            meaning: ok ? "" : "the certificate was not renewed in time",
        };
    } catch (error) {
        return {
            address,
            check,
            got: describeError(error),
            ok: false,
            meaning: "clients that verify certificates reject this one",
        };
    }
}

async function oldVersion(entry: Entry, port: number): Promise<EntryCheck> {
    const { address } = entry;
    const check = "TLS 1.1 is rejected";
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    try {
        await handshake(entry, port, { ...old, rejectUnauthorized: false });
        return { address, check, got: "accepted", ok: false, meaning: "TLS 1.1 is known to be weak" };
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Some machines do not support TLS 1.1. The check then tests nothing, and passes.
        if (code === "ERR_SSL_NO_PROTOCOLS_AVAILABLE")
            return { address, check, got: "this machine cannot use TLS 1.1", ok: true, meaning: "" };
        const refused = code === "ECONNRESET" || code?.startsWith("ERR_SSL_") === true;
        return {
            address,
            check,
            got: refused ? "refused" : describeError(error),
            ok: refused,
            meaning: refused ? "" : "no answer",
        };
    }
}

/** @returns the day on which the certificate expires */
function handshake({ address, url, end }: Entry, port: number, options: ConnectionOptions): Promise<string> {
    return new Promise((resolve, reject) => {
        const socket = connect({ host: address, port, servername: url.hostname, timeout: within(end), ...options });
        socket.on("secureConnect", () => {
            resolve(socket.getPeerCertificate().valid_to);
            socket.destroy();
        });
        socket.on("timeout", () => socket.destroy(new Error("no answer in time")));
        socket.on("error", reject);
    });
}

function within(end: number): number {
    return Math.max(1, Math.min(ANSWER_MS, end - Date.now()));
}

function describeError(error: unknown): string {
    const { code, message } = error as NodeJS.ErrnoException;
    return /^(ERR_TLS|CERT_|UNABLE_|DEPTH_|SELF_)/.test(code ?? "") || !code ? message : code;
}
