/** RESP2, the protocol of Redis. One character is one byte (latin1), so that any value passes unchanged. */

/** An error as the client sees it, code first: "ERR …", "NOAUTH …". */
export class RedisError extends Error {}

/** A reply that is no data: +OK. */
export class Status {
    constructor(readonly text: string) {}
}

/** The answer of EXEC when a watched key has changed. */
export const NOTHING_DONE = Symbol("null array");

/** A string is data, null is "no such value". */
export type Reply = number | string | null | Status | RedisError | typeof NOTHING_DONE | Reply[];

export function encode(reply: Reply): string {
    if (typeof reply === "number") return `:${reply}\r\n`;
    if (typeof reply === "string") return `$${reply.length}\r\n${reply}\r\n`;
    if (reply === null) return "$-1\r\n";
    if (reply === NOTHING_DONE) return "*-1\r\n";
    if (reply instanceof Status) return `+${reply.text}\r\n`;
    if (reply instanceof RedisError) return `-${reply.message.replace(/[\r\n]/g, " ")}\r\n`;
    return `*${reply.length}\r\n${reply.map(encode).join("")}`;
}

/** Limits of Redis 7 (proto-max-bulk-len in bytes, arguments of one request). */
const MAX_BULK = 512 * 1024 * 1024;
const MAX_ARGUMENTS = 1024 * 1024;

const protocolError = (what: string) => new RedisError(`ERR Protocol error: ${what}`);

/** Takes requests out of a connection's bytes. */
export class RequestReader {
    private text = "";

    add(chunk: Buffer): void {
        this.text += chunk.toString("latin1");
    }

    /** The next whole request; undefined while it is not complete. Throws what ends the connection. */
    next(): string[] | undefined {
        if (this.text === "") return undefined;
        if (this.text[0] !== "*") throw protocolError("inline commands are not imitated");
        const head = this.line(0);
        if (!head) return undefined;
        const count = Number(head.text.slice(1));
        if (!Number.isInteger(count) || count > MAX_ARGUMENTS) throw protocolError("invalid multibulk length");

        const words: string[] = [];
        let at = head.end;
        for (let i = 0; i < count; i++) {
            const size = this.line(at);
            if (!size) return undefined;
            if (size.text[0] !== "$") throw protocolError(`expected '$', got '${size.text[0] ?? ""}'`);
            const length = Number(size.text.slice(1));
            if (!Number.isInteger(length) || length < 0 || length > MAX_BULK)
                throw protocolError("invalid bulk length");
            at = size.end + length + 2;
            if (this.text.length < at) return undefined;
            words.push(this.text.slice(size.end, size.end + length));
        }
        this.text = this.text.slice(at);
        return words;
    }

    private line(from: number): { text: string; end: number } | undefined {
        const end = this.text.indexOf("\r\n", from);
        return end < 0 ? undefined : { text: this.text.slice(from, end), end: end + 2 };
    }
}
