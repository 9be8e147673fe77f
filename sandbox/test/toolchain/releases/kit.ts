/** A server of released files on 127.0.0.1. */
import { createServer } from "node:http";
import { listen } from "../../../processes/listen";

export interface ReleaseServer {
    url: string;
    /** Files by path. */
    files: Record<string, Buffer | string>;
    /** Path of each request. */
    seen: string[];
    close(): Promise<void>;
}

export async function startReleaseServer(): Promise<ReleaseServer> {
    const files: ReleaseServer["files"] = {};
    const seen: string[] = [];
    const server = createServer((request, response) => {
        const path = request.url!;
        seen.push(path);
        if (path in files) response.end(files[path]);
        else response.writeHead(404).end("Not Found");
    });
    const { port, close } = await listen(server);
    return { url: `http://127.0.0.1:${port}`, files, seen, close };
}
