/** Sends one HTTP request on its own connection, with any Host header. */
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";

export interface Reply {
    status: number;
    headers: Record<string, string | string[] | undefined>;
    body: string;
}

export interface SendOptions {
    method?: string;
    path?: string;
    headers?: Record<string, string | string[]>;
    body?: string | Buffer;
    /** Source address. @default "127.0.0.1" */
    from?: string;
}

export function send(port: number, headers: Record<string, string | string[]>, options: SendOptions): Promise<Reply> {
    return new Promise((resolve, reject) => {
        const { method = "GET", path = "/", body, from: localAddress } = options;
        const request = httpRequest(
            { host: "127.0.0.1", port, method, path, headers, localAddress, agent: false },
            (answer) => {
                const chunks: Buffer[] = [];
                answer.on("data", (chunk: Buffer) => chunks.push(chunk));
                answer.on("error", reject);
                answer.on("end", () =>
                    resolve({
                        status: answer.statusCode ?? 0,
                        headers: answer.headers,
                        body: Buffer.concat(chunks).toString(),
                    }),
                );
            },
        );
        request.on("error", reject);
        request.end(body);
    });
}

/** Reads a raw socket until it has received this text. */
export async function readUntil(socket: Socket, text: string): Promise<string> {
    let got = "";
    socket.on("data", (chunk: Buffer) => (got += chunk.toString("latin1")));
    while (!got.includes(text)) await once(socket, "data");
    return got;
}
