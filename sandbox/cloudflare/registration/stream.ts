/** Messages of Cap'n Proto's RPC on a stream, each framed by its table of segments (capnproto.org/encoding.html). */
import type { Duplex, Readable } from "node:stream";
import { Message, utils, type Struct, type StructCtor } from "capnp-es";
import { Message as RpcMessage, Payload, type Return } from "capnp-es/capnp/rpc";

/** Size limit of one message in bytes. No real message is that long. */
const MOST = 1024 * 1024;
const WORD = 8;

/** Length of the message at the start of the data, in bytes; undefined if more data is needed. @throws Error if it is too long */
function messageLength(bytes: Buffer): number | undefined {
    if (bytes.length < 4) return undefined;
    const segments = bytes.readUInt32LE(0) + 1;
    const head = Math.ceil((4 + 4 * segments) / WORD) * WORD;
    let length = head;
    if (head <= MOST && bytes.length < head) return undefined;
    for (let i = 1; i <= segments && length <= MOST; i++) length += bytes.readUInt32LE(4 * i) * WORD;
    if (length > MOST) throw new Error(`not a Cap'n Proto message: more than ${MOST} bytes`);
    return bytes.length < length ? undefined : length;
}

/**
 * Calls `take` with each message. If `take` throws or a frame is invalid, it calls `failed` once and ignores all further
 * data.
 */
export function onMessages(
    stream: Readable,
    take: (message: RpcMessage) => void,
    failed: (error: Error) => void,
): void {
    let rest: Buffer = Buffer.alloc(0);
    let over = false;
    stream.on("data", (chunk: Buffer) => {
        if (over) return;
        rest = Buffer.concat([rest, chunk]);
        try {
            for (let length = messageLength(rest); length !== undefined; length = messageLength(rest)) {
                const message = new Message(new Uint8Array(rest.subarray(0, length)), false);
                rest = rest.subarray(length);
                take(message.getRoot(RpcMessage));
            }
        } catch (error) {
            over = true;
            failed(error as Error);
        }
    });
}

/** Sends a message that `fill` has filled, unless the stream has ended. */
export function sendMessage(stream: Duplex, fill: (message: RpcMessage) => void): void {
    if (stream.destroyed || stream.writableEnded) return;
    const message = new Message();
    fill(message.initRoot(RpcMessage));
    stream.write(Buffer.from(message.toArrayBuffer()));
}

/** The parameters or results of a payload. */
export function contentOf<T extends Struct>(payload: Payload, type: StructCtor<T>): T {
    return utils.getStruct(0, type, payload);
}

export function initContent<T extends Struct>(payload: Payload, type: StructCtor<T>): T {
    return utils.initStructAt(0, type, payload);
}

/** Fills an answer with one capability, which the sender exports as `exportId`. */
export function returnCapability(answer: Return, exportId: number): void {
    const results = answer._initResults();
    results._initCapTable(1).get(0).senderHosted = exportId;
    utils.setInterfacePointer(0, utils.getPointer(0, results));
}
