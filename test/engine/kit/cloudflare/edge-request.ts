import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { SAMPLE_COMPLETION } from "../../../../components/alpa/sample";

export interface EdgeAnswer {
    status: number;
    body: string;
    /** Cookies that the answer sets, without their attributes. */
    cookies: string[];
}

/** A small completion or the given request, sent to the edge's own address: the Host header selects the name. */
export function askEdge(
    url: string,
    hostname: string,
    headers: Record<string, string>,
    body = SAMPLE_COMPLETION,
    method = "POST",
): Promise<EdgeAnswer> {
    const all = { host: hostname, "content-type": "application/json", ...headers };
    return new Promise((resolve, reject) => {
        const sent = request(url, { method, headers: all }, (answer) => {
            let said = "";
            answer.setEncoding("utf8").on("data", (text: string) => (said += text));
            const cookies = (answer.headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0]);
            answer.on("end", () => resolve({ status: answer.statusCode!, body: said, cookies }));
        });
        sent.on("error", reject);
        sent.end(method === "GET" ? undefined : body);
    });
}

/**
 * A `fetch` for SDKs that connects to the edge, since the hostnames of the sandbox are not in DNS. It passes the answer on
 * as it arrives.
 */
export function fetchAt(edge: string): typeof fetch {
    return async (asked, init) => {
        const { host, pathname } = new URL(asked as string);
        const headers = { ...Object.fromEntries(new Headers(init?.headers)), host };
        const sent = request(`${edge}${pathname}`, {
            method: init?.method,
            headers,
            signal: init?.signal ?? undefined,
        });
        sent.end(init?.body as string | undefined);
        const [answer] = (await once(sent, "response")) as [IncomingMessage];
        const list = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as [string, string]);
        return new Response(Readable.toWeb(answer) as ReadableStream, { status: answer.statusCode, headers: list });
    };
}
