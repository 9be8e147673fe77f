import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { listen } from "../processes/listen";

/**
 * Serves files over HTTP on 127.0.0.1: a mirror from which hosts download programs.
 * @param files path in the URL, with a leading slash → file on this machine
 */
export async function serveDownloads(
    files: Record<string, string>,
): Promise<{ url: string; close: () => Promise<void> }> {
    const server = createServer((request, response) => {
        const file = Object.hasOwn(files, request.url ?? "") ? files[request.url as string] : undefined;
        const size = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.size;
        if (file === undefined || size === undefined) return void response.writeHead(404).end("not found\n");
        response.writeHead(200, { "content-type": "application/octet-stream", "content-length": size });
        if (request.method === "HEAD") return void response.end();
        createReadStream(file).pipe(response);
    });
    const { port, close } = await listen(server);
    return { url: `http://127.0.0.1:${port}`, close };
}
