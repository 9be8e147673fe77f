import { request } from "node:http";

/** The parts of an answer that callers of the gateway depend on. */
export interface RawAnswer {
    status: number;
    /** Content type. */
    type: string;
    /** Header WWW-Authenticate. */
    challenge?: string;
    body: string;
}

/**
 * A request with exactly this path and these headers, some of which `fetch` rejects.
 * @param sent body, as JSON unless it is a text. @default a small completion
 */
export function rawRequest(
    port: number,
    path: string,
    {
        method = "POST",
        headers = {},
        sent = { model: "default", prompt: "Paris is", max_tokens: 4 },
    }: { method?: string; headers?: Record<string, string>; sent?: string | object },
): Promise<RawAnswer> {
    const body = typeof sent === "string" ? sent : JSON.stringify(sent);
    const length = { "Content-Length": Buffer.byteLength(body) };
    const type = typeof sent === "string" ? {} : { "Content-Type": "application/json" };
    return new Promise((resolve, reject) => {
        const options = { host: "127.0.0.1", port, method, path, headers: { ...type, ...length, ...headers } };
        const asked = request(options, (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (part) => (text += part));
            response.on("end", () =>
                resolve({
                    status: response.statusCode!,
                    type: response.headers["content-type"] ?? "",
                    challenge: response.headers["www-authenticate"],
                    body: text,
                }),
            );
        });
        asked.on("error", reject).end(body);
    });
}
