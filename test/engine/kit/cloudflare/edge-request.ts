import { request } from "node:http";
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
