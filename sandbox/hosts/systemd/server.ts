import { createServer } from "node:http";
import type { Manager } from "./manager";
import { listen } from "../../processes/listen";

/** Serves the host's systemctl, journalctl and systemd-notify over HTTP, for callers that send the secret. */
export async function serveSystemd(
    manager: () => Manager,
    secret: string,
): Promise<{ url: string; close: () => Promise<void> }> {
    const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            if (request.headers.authorization !== secret)
                return void response.writeHead(401).end("2 not allowed\n= 1\n");
            const [program, rights, socket, ...args] = Buffer.concat(chunks).toString().split("\0").slice(0, -1);
            manager()
                .run(program, args, rights === "root", socket)
                .catch((error: unknown) => ({ code: 1, out: "", err: `sandbox: ${String(error)}\n` }))
                .then(({ code, out, err }) => response.end(`${marked("1", out)}${marked("2", err)}= ${code}\n`));
        });
    });
    server.requestTimeout = 0; // no limit for a request: a start is limited by its unit's timeout
    const { port, close } = await listen(server);
    return { url: `http://127.0.0.1:${port}/`, close };
}

const marked = (stream: string, text: string) =>
    text
        .replace(/\n$/, "")
        .split("\n")
        .filter((line, _index, all) => line !== "" || all.length > 1)
        .map((line) => `${stream} ${line}\n`)
        .join("");
