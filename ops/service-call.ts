/** Calls the service as a caller does: with a credential, over a new connection, and with a time limit. */
import * as http from "node:http";
import * as https from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Sample } from "../components/server-checks";
import { signToken } from "./token/sign";

/** Returns the headers of one request. A token is created for each request, because it soon expires. */
export type Credential = () => Record<string, string> | Promise<Record<string, string>>;

export function apiKey(key: string): Credential {
    return () => ({ apikey: key });
}

/** A finished token. */
export function bearer(token: string): Credential {
    return () => ({ Authorization: `Bearer ${token}` });
}

/** A new token for each request, with the claim `key` and signed with the shared secret. */
export function jwt(key: string, secret: string): Credential {
    return async () => bearer(await signToken(secret, { key }, TOKEN_SECONDS, new Date()))();
}

export function serviceToken({ clientId, clientSecret }: { clientId: string; clientSecret: string }): Credential {
    return () => ({ "CF-Access-Client-Id": clientId, "CF-Access-Client-Secret": clientSecret });
}

const TOKEN_SECONDS = 900;
/** Longest wait between two attempts, in seconds. */
const LONGEST_WAIT_SECONDS = 60;
/** Wait after a failed connection, in seconds. */
const CONNECTION_WAIT_SECONDS = 0.5;
/** Longest quote of a server's message, in characters. */
const LONGEST_QUOTE = 300;
/** Error codes of a connection that was not established, so that nothing was sent. */
const NOT_CONNECTED = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"];

interface Call {
    /** URL for callers, without the path. */
    url: string;
    sample: Sample;
    credential: Credential | undefined;
    /** Longest time for one answer. */
    timeoutSeconds: number;
    /** A call is repeated only if the model has not begun to work on it. @default 1 */
    attempts?: number;
    signal?: AbortSignal;
}

export interface Answer {
    status: number;
    /** Header Server. */
    server: string | undefined;
    /** Header Retry-After. */
    retryAfter: string | undefined;
    /** Undefined if the answer is not a result of the server. */
    result?: Record<string, unknown>;
    /** Why there is no result, without the credential; empty if there is one. */
    problem: string;
    /** Whether the server says that its model does not do this. */
    lacksTask: boolean;
    milliseconds: number;
}

/** @throws if there is no complete answer in time. The error does not contain the credential. */
export async function callService(call: Call): Promise<Answer> {
    const { attempts = 1, signal } = call;
    for (let attempt = 1; ; attempt++) {
        const answer = await callOnce(call).catch((error: NodeJS.ErrnoException) => error);
        signal?.throwIfAborted();
        const wait = waitBefore(answer);
        if (wait === undefined || attempt >= attempts) {
            if (answer instanceof Error) throw answer;
            return answer;
        }
        await pause(wait * 1000, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
}

/** @returns seconds until the next attempt; undefined if the model may have begun to work on the request */
function waitBefore(answer: Answer | NodeJS.ErrnoException): number | undefined {
    if (answer instanceof Error) return NOT_CONNECTED.includes(answer.code ?? "") ? CONNECTION_WAIT_SECONDS : undefined;
    const seconds = Number(answer.retryAfter ?? NaN);
    return [429, 503].includes(answer.status) && seconds <= LONGEST_WAIT_SECONDS ? seconds : undefined;
}

async function callOnce({ url, sample, credential, ...limits }: Call): Promise<Answer> {
    const secrets = (await credential?.()) ?? {};
    const begin = performance.now();
    const { content, ...head } = await send(`${url}/${sample.path}`, secrets, sample.body, limits);
    const value = parsed(content);
    const lacksTask = sample.lacksTask?.(head.status, value) === true;
    const seen = { ...head, lacksTask, milliseconds: Math.round(performance.now() - begin) };
    if (head.status === 200 && sample.isAnswer(value)) return { ...seen, result: value, problem: "" };
    const texts = [value.message, value.error_msg, Object(value.error).message];
    const said = texts.find((one): one is string => typeof one === "string") ?? "";
    // The server may repeat the credential in its message.
    const repeats = Object.values(secrets).some((secret) => said.includes(secret.replace("Bearer ", "")));
    const quote = said === "" || repeats ? "" : ` ${JSON.stringify(said.slice(0, LONGEST_QUOTE))}`;
    return { ...seen, problem: `answered ${head.status}${quote}` };
}

/**
 * Sends a request, and returns its answer: a redirect too, since following it would send the credential along. Does not
 * use fetch, which fails after 300 s without data: a server may send nothing until its answer is complete.
 */
function send(
    address: string,
    secrets: Record<string, string>,
    body: object | undefined,
    { timeoutSeconds, signal }: Pick<Call, "timeoutSeconds" | "signal">,
): Promise<Pick<Answer, "status" | "server" | "retryAfter"> & { content: string }> {
    const url = new URL(address);
    // Cloudflare may reject requests without User-Agent.
    const json = body === undefined ? {} : { "Content-Type": "application/json" };
    const headers = { ...json, "User-Agent": "alpa-auth-ops", Connection: "close" };
    return new Promise((resolve, reject) => {
        const { request } = url.protocol === "https:" ? https : http;
        const options = { method: body === undefined ? "GET" : "POST", headers: { ...headers, ...secrets }, signal };
        const failed = ({ code, message }: NodeJS.ErrnoException) =>
            reject(Object.assign(new Error(`the connection failed (${message || code})`), { code }));
        const sent = request(url, options, (response) => {
            const { server, "retry-after": retryAfter } = response.headers as Record<string, string | undefined>;
            const head = { status: response.statusCode!, server, retryAfter };
            text(response).then((content) => resolve({ ...head, content }), failed);
        });
        const limit = setTimeout(() => {
            reject(new Error(`no complete answer in ${timeoutSeconds} s`));
            sent.destroy();
        }, timeoutSeconds * 1000);
        sent.on("error", failed).on("close", () => clearTimeout(limit));
        sent.end(body && JSON.stringify(body));
    });
}

function parsed(content: string): Record<string, unknown> {
    try {
        return Object(JSON.parse(content));
    } catch {
        return {};
    }
}

/** Why credentials cannot be sent to an address, which is not quoted; undefined if they can. */
export function addressProblem(address: string, allowHttp: boolean): string | undefined {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (!url || !/^https?:$/.test(url.protocol))
        return "must be an address, for example https://api.example.com/alpa (it is not one). Correct it.";
    if (address.includes("@"))
        return "must not contain a user name or password (it has an @). Remove them, because the check uses the credentials of the consumer.";
    if (/[?#]/.test(address)) return "must not have a query or a fragment (it has one). Remove it.";
    if (url.protocol === "https:" || allowHttp || /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname))
        return undefined;
    return "must be https, because a credential is sent (it is http). Use https.";
}
