/**
 * Runs the Worker of a request that Access has admitted. Facts from Cloudflare's documentation (2026): Access runs after WAF and
 * rate limits. A Worker in front of an origin that Access protects gets the headers that Access adds. Its requests go to the
 * origin with `CF-Worker` and the caller's address. If the Worker throws, the answer is 500 with error 1101. `redirect` of an
 * incoming request is `manual`.
 *
 * Emulated: a Worker answers by itself, or returns the result of `fetch` for the incoming request or for a copy with another
 * body. Unsupported: reading the origin's answer, `fetch` with another address or method, limits of requests and of CPU time.
 */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Account } from "../account";
import type { HeaderList } from "../connector/wire";
import { loadModule, type Fetch } from "./worker-module";
import { numberedError, Unsupported, type EdgeAnswer, type EdgeRequest } from "./types";

export type WorkerResult =
    /** The request goes to the origin. `changed`: headers and body that replace the caller's. */
    | { kind: "pass"; changed?: { headers: HeaderList; body: Buffer } }
    | { kind: "answer"; status: number; headers: HeaderList; body: Buffer }
    | { kind: "failed"; answer: EdgeAnswer };

/** The result of `fetch` in a Worker. The request is sent to the origin only when the Worker returns this object. */
class Passed {
    constructor(readonly changed?: { headers: HeaderList; body: Buffer }) {}
}

/**
 * @param jwt JWT that Access has issued
 * @param strip names of headers with secrets, which Access removes
 * @returns undefined if the route has no Worker
 */
export async function runWorker(
    account: Account,
    request: EdgeRequest,
    incoming: IncomingMessage,
    { jwt, strip }: { jwt?: string; strip: string[] },
    log: (line: string) => void,
): Promise<WorkerResult | undefined> {
    const route = [...account.workerRoutes.values()].find(
        ({ zone_id, pattern }) => zone_id === request.zone.id && pattern === `${request.hostname}/*`,
    );
    if (!route) return undefined;
    // The constructor of the web API's Request throws for these three methods.
    if (["CONNECT", "TRACE", "TRACK"].includes(request.method))
        throw new Unsupported(`the method ${request.method} on a route with a Worker`);
    const original = webRequest(request, incoming, jwt, strip);
    try {
        const { content } = account.workerScripts.get(route.script)!;
        return await resultOf(await loadModule(content, passing(original))(original));
    } catch (error) {
        if (error instanceof Unsupported) throw error;
        log(`edge: Worker ${route.script} failed: ${String((error as Error)?.stack ?? error)}`);
        return { kind: "failed", answer: numberedError(500, 1101, "Worker threw exception", request) };
    }
}

function webRequest(
    request: EdgeRequest,
    incoming: IncomingMessage,
    jwt: string | undefined,
    strip: string[],
): Request {
    const hidden = [...strip, "cf-access-jwt-assertion"];
    const headers = new Headers(request.headers.filter(([name]) => !hidden.includes(name.toLowerCase())));
    if (jwt !== undefined) headers.set("Cf-Access-Jwt-Assertion", jwt);
    const hasBody = !["GET", "HEAD"].includes(request.method);
    return new Request(`https://${request.hostname}${request.target}`, {
        ...{ method: request.method, headers, redirect: "manual" },
        ...(hasBody && { body: unread(incoming), duplex: "half" }),
    });
}

/** The caller's body, which is read only when the Worker reads it: otherwise it is forwarded as it arrives. */
function unread(incoming: IncomingMessage): ReadableStream<Uint8Array> {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    return new ReadableStream<Uint8Array>(
        {
            pull: async (controller) => {
                reader ??= (Readable.toWeb(incoming) as ReadableStream<Uint8Array>).getReader();
                const { done, value } = await reader.read();
                if (done) controller.close();
                else controller.enqueue(value);
            },
        },
        { highWaterMark: 0 },
    );
}

const passing =
    (original: Request): Fetch =>
    async (given) => {
        if (given.url !== original.url || given.method !== original.method || given.redirect !== "manual")
            throw new Unsupported(
                "a Worker's fetch() call that changes the address or the method, or follows redirects",
            );
        if (given.bodyUsed) throw new TypeError("This ReadableStream is disturbed, and cannot be used as a body.");
        if (given === original) return new Passed();
        const headers = [...given.headers].filter(([name]) => name !== "content-length");
        return new Passed({ headers, body: Buffer.from(await given.arrayBuffer()) });
    };

async function resultOf(given: unknown): Promise<WorkerResult> {
    if (given instanceof Passed) return { kind: "pass", changed: given.changed };
    if (!(given instanceof Response)) throw new TypeError("the handler must return a Response");
    const body = Buffer.from(await given.arrayBuffer());
    return { kind: "answer", status: given.status, headers: [...given.headers], body };
}
