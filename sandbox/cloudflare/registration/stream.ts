/** Messages of Cap'n Proto's RPC on a stream, each framed by its table of segments (capnproto.org/encoding.html). */
import type { Duplex } from "node:stream";
import { Message, utils, type Struct, type StructCtor } from "capnp-es";
import { Message as RpcMessage, type Payload } from "capnp-es/capnp/rpc";

/** Size limit of one message in bytes. No real message is that long. */
const MOST = 1024 * 1024;
const WORD = 8;

/** Length of the message at the start of the data, in bytes; undefined if more data is needed. @throws Error if it is too long */
function messageLength(bytes: Buffer): number | undefined {
    if (bytes.length < 4) return undefined;
    const segments = bytes.readUInt32LE(0) + 1;
    let length = Math.ceil((4 + 4 * segments) / WORD) * WORD;
    if (length <= MOST && bytes.length < length) return undefined;
    for (let i = 1; i <= segments && length <= MOST; i++) length += bytes.readUInt32LE(4 * i) * WORD;
    if (length > MOST) throw new Error(`not a Cap'n Proto message: more than ${MOST} bytes`);
    return bytes.length < length ? undefined : length;
}

/** Calls `take` with each message. If `take` throws or a frame is invalid, it calls `failed`, and ignores all further data. */
export function onMessages(stream: Duplex, take: (message: RpcMessage) => void, failed: (error: Error) => void): void {
    let rest: Buffer = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        try {
            for (let length = messageLength(rest); length !== undefined; length = messageLength(rest)) {
                const message = new Message(new Uint8Array(rest.subarray(0, length)), false);
                rest = rest.subarray(length);
                take(message.getRoot(RpcMessage));
            }
        } catch (error) {
            stream.off("data", read).resume();
            failed(error as Error);
        }
    };
    stream.on("data", read);
}

/** Sends a message that `fill` has filled, unless the stream has ended. */
export function sendMessage(stream: Duplex, fill: (message: RpcMessage) => void): void {
    if (stream.destroyed || stream.writableEnded) return;
    const message = new Message();
    fill(message.initRoot(RpcMessage));
    stream.write(Buffer.from(message.toArrayBuffer()));
}

/** The parameters or results of a payload. */
export const contentOf = <T extends Struct>(payload: Payload, type: StructCtor<T>): T =>
    utils.getStruct(0, type, payload);
export const initContent = <T extends Struct>(payload: Payload, type: StructCtor<T>): T =>
    utils.initStructAt(0, type, payload);
