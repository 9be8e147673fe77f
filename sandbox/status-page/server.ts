/**
 * The status page of a running sandbox: it shows what to try, and a live count of answers by caller and status. It is served on loopback only, in plain HTML, and without secrets: commands name files with credentials, but
 * not their contents.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { PartReport } from "../real/choice";
import { readFacts, type Attempt, type StackFacts, type WorldFacts } from "../world/state";
import { Tally, type Answered, type Row } from "../world/tally";
import { listen } from "../processes/listen";

/** Data that the page fetches each second. */
export interface PageData {
    /** Null until the stack is up. */
    stack: { name: string; url: string; try: Attempt[] } | null;
    parts: PartReport[];
    /** Answers since the start of the sandbox. */
    rows: Row[];
}

export interface StatusPage {
    url: string;
    /** Counts an answer. */
    add(answered: Answered): void;
    close(): Promise<void>;
}

const FILES: Record<string, [file: string, type: string]> = {
    "/": ["page.html", "text/html; charset=utf-8"],
    "/page.css": ["page.css", "text/css; charset=utf-8"],
    "/page.js": ["page.js", "text/javascript; charset=utf-8"],
};

/** Headers by which the page can load only its own files, and cannot be in a frame of another page. */
const HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
};

/**
 * @param dir folder of the sandbox
 * @param stack current facts of the stack; undefined until the stack is up
 */
export async function startStatusPage(dir: string, stack: () => StackFacts | undefined): Promise<StatusPage> {
    const tally = new Tally();
    const server = createServer((request, answer) => {
        void respond(request, answer).catch((error: Error) => send(answer, 500, "text/plain", `${error.message}\n`));
    });

    async function respond(request: IncomingMessage, answer: ServerResponse): Promise<void> {
        const { port } = server.address() as AddressInfo;
        // Other hostnames are rejected: otherwise any web page could read this page by DNS rebinding.
        if (![`127.0.0.1:${port}`, `localhost:${port}`].includes(request.headers.host ?? ""))
            return send(answer, 403, "text/plain", "Use the address that sandbox status prints.\n");
        if (request.method !== "GET") return send(answer, 405, "text/plain", "GET only.\n");
        const path = request.url ?? "/";
        if (path === "/data.json")
            return send(answer, 200, "application/json", JSON.stringify(dataOf(dir, stack(), tally)));
        const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
        if (file === undefined) return send(answer, 404, "text/plain", "No such page.\n");
        send(answer, 200, file[1], readFileSync(join(__dirname, file[0]), "utf8"));
    }

    const { port, close } = await listen(server);
    return {
        url: `http://127.0.0.1:${port}/`,
        add: (answered) => tally.add(answered),
        close,
    };
}

function dataOf(dir: string, stack: StackFacts | undefined, tally: Tally): PageData {
    const world = readFacts<WorldFacts>(dir, "world");
    return {
        stack: stack === undefined ? null : { name: stack.stack, url: stack.url, try: stack.try },
        parts: world?.parts ?? [],
        rows: tally.list(),
    };
}

function send(answer: ServerResponse, status: number, type: string, body: string): void {
    if (answer.headersSent) return void answer.destroy();
    answer.writeHead(status, { ...HEADERS, "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
    answer.end(body);
}
