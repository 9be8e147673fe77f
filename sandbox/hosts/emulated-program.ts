/**
 * Programs of a host that this process emulates, for example systemctl. On the host each program is a small script: it sends its own path and
 * arguments to this process, and prints the reply. It does not read standard input.
 */
import * as fs from "node:fs";
import { createServer } from "node:http";
import * as path from "node:path";
import { relay } from "./relay";
import type { Reply } from "./reply";
import { listen } from "../processes/listen";

export interface ProgramCall {
    args: string[];
    /** Whether the caller is root. */
    privileged: boolean;
    /** The caller's NOTIFY_SOCKET, by which systemd knows a service; "" if it has none. */
    notifySocket: string;
    /** Aborted when the caller has disconnected. */
    signal: AbortSignal;
}

type EmulatedProgram = (call: ProgramCall) => Reply | Promise<Reply>;

export interface Stage {
    /** Puts a program on the host, at a path with a leading slash. It replaces a program that exists there. */
    lay(path: string, program: EmulatedProgram): void;
    /** Removes a program. */
    take(path: string): void;
    /**
     * Runs a program directly, without SSH and a shell. @param options `privileged`: whether to run it as root. @default
     * true
     */
    run(path: string, args: string[], options?: { privileged?: boolean; signal?: AbortSignal }): Promise<Reply>;
    close(): void;
}

/**
 * @param header HTTP header with a secret that authenticates callers. `line`: the text of the header. `file`: the file on
 * the host that contains the header
 */
export async function openStage(root: string, header: { line: string; file: string }): Promise<Stage> {
    const laid = new Map<string, EmulatedProgram>();
    const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        const gone = new AbortController();
        response.on("close", () => gone.abort());
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            if (`Authorization: ${request.headers.authorization}` !== header.line)
                return void response.writeHead(401).end("2 not allowed\n= 1\n");
            const [name, rights, notifySocket, ...args] = Buffer.concat(chunks).toString().split("\0").slice(0, -1);
            const program = laid.get(name);
            Promise.resolve()
                .then(() => program!({ args, privileged: rights === "root", notifySocket, signal: gone.signal }))
                .catch((error: unknown) => ({ code: 70, out: "", err: `sandbox: ${name}: ${String(error)}\n` }))
                .then(({ code, out, err }) => response.end(`${marked("1", out)}${marked("2", err)}= ${code}\n`));
        });
    });
    server.requestTimeout = 0; // programs have no time limit
    const { port, close } = await listen(server);
    const url = `http://127.0.0.1:${port}/`;
    const script = relay(WORDS, { url, header: header.file });
    return {
        lay: (name, program) => {
            laid.set(name, program);
            const file = path.join(root, name);
            fs.mkdirSync(path.dirname(file), { recursive: true });
            fs.rmSync(file, { force: true });
            fs.writeFileSync(file, script, { mode: 0o755 });
        },
        take: (name) => {
            laid.delete(name);
            fs.rmSync(path.join(root, name), { force: true });
        },
        run: async (name, args, { privileged = true, signal = new AbortController().signal } = {}) => {
            const program = laid.get(name);
            if (!program) return { code: 127, out: "", err: `sh: ${name}: not found\n` };
            return program({ args, privileged, notifySocket: "", signal });
        },
        close,
    };
}

/** The words that the script sends: its own path, the caller's rights (`root` or `user`), NOTIFY_SOCKET, and its arguments. */
const WORDS = `"$0" "\${SANDBOX_RIGHTS:-user}" "\${NOTIFY_SOCKET:-}" "$@"`;

function marked(stream: string, text: string): string {
    if (text === "") return "";
    const lines = text.replace(/\n$/, "").split("\n");
    return lines.map((line) => `${stream} ${line}\n`).join("");
}
