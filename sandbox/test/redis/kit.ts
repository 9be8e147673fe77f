/** A client that sends the given bytes and returns the answers byte for byte. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export class RawRedis {
    private text = "";

    private constructor(private readonly socket: Socket) {
        socket.on("data", (chunk) => (this.text += chunk.toString("latin1")));
        socket.on("error", () => undefined);
    }

    static async connect(port: number): Promise<RawRedis> {
        const socket = connect(port, "127.0.0.1");
        await once(socket, "connect");
        return new RawRedis(socket);
    }

    /**
     * Sends all commands at once.
     * @returns one answer for each, with \r
     * shown as a space
     */
    async say(...commands: string[]): Promise<string[]> {
        for (const command of commands) this.write(request(command.split(" ")));
        const answers: string[] = [];
        while (answers.length < commands.length) {
            const end = replyEnd(this.text, 0);
            if (end < 0) await once(this.socket, "data");
            else {
                answers.push(this.text.slice(0, end).trim().replaceAll("\r\n", " "));
                this.text = this.text.slice(end);
            }
        }
        return answers;
    }

    /** Everything received until the server closed the connection. */
    async untilClosed(): Promise<string> {
        if (!this.socket.closed) await once(this.socket, "close");
        return this.text;
    }

    /** Everything received within this time. For tests that no answer comes. */
    async within(milliseconds: number): Promise<string> {
        await once(this.socket, "data", { signal: AbortSignal.timeout(milliseconds) }).catch(() => undefined);
        return this.text;
    }

    write(text: string): void {
        this.socket.write(text, "latin1");
    }

    close(): void {
        this.socket.destroy();
    }
}

function request(words: string[]): string {
    return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** End of the reply that starts at `at`; -1 while the reply is incomplete. */
function replyEnd(text: string, at: number): number {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return -1;
    const size = Number(text.slice(at + 1, lineEnd));
    let end = lineEnd + 2;
    if (text[at] === "$" && size >= 0) end += size + 2;
    if (text[at] === "*") for (let i = 0; i < size && end >= 0; i++) end = replyEnd(text, end);
    return end > text.length ? -1 : end;
}
