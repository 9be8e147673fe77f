/**
 * Buffers an answer as Go's HTTP/2 server does. cloudflared does not flush an answer that has Content-Length and no
 * streaming type (cloudflared connection/connection.go, shouldFlush). Go sends such an answer when the buffer is full or
 * the answer ends.
 */
import { Transform, type TransformCallback } from "node:stream";
import type { HeaderList } from "./wire";

/** Size of the buffer in bytes: Go's handlerChunkWriteSize. */
const BUFFER = 4096;
const STREAMS = ["text/event-stream", "application/grpc", "application/x-ndjson"];

/** Whether each write is sent at once. @param headers headers of the origin, names in lower case */
export function flushes(headers: HeaderList, chunked: boolean): boolean {
    const first = (name: string) => headers.find(([key]) => key === name)?.[1] ?? "";
    const type = first("content-type").toLowerCase();
    return first("content-length") === "" || chunked || STREAMS.some((stream) => type.startsWith(stream));
}

export class Unflushed extends Transform {
    private held: Buffer = Buffer.alloc(0);

    /** @param begin sends the head of the answer. Called several times: before each write and at the end of the answer */
    constructor(private readonly begin: () => void) {
        super();
    }

    override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
        const filled = this.held.length === 0 ? chunk.length : BUFFER - this.held.length;
        const fits = this.held.length + chunk.length <= BUFFER;
        const [out, rest] = fits ? [undefined, chunk] : [chunk.subarray(0, filled), chunk.subarray(filled)];
        if (out) {
            this.begin();
            this.push(Buffer.concat([this.held, out]));
            this.held = Buffer.alloc(0);
        }
        if (rest.length > BUFFER) this.push(rest);
        else this.held = Buffer.concat([this.held, rest]);
        done();
    }

    override _flush(done: TransformCallback): void {
        this.begin();
        done(null, this.held);
    }
}
