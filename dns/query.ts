/** Sends one query to one name server, without recursion: by UDP, and by TCP if the answer is too large. */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { setMaxListeners } from "node:events";
import { connect, isIPv6 } from "node:net";
import * as packet from "dns-packet";
import { plainName } from "./names";
import { valueOf } from "./values";

/** A name server: an address and a port. */
export interface Server {
    /** Name of the server in the form that the operator has written, for tables and messages. */
    label: string;
    host: string;
    port: number;
}

export interface Question {
    name: string;
    type: string;
}

export interface Row {
    name: string;
    type: string;
    ttl: number;
    value: string;
}

export interface Answer {
    /** NOERROR, NXDOMAIN, SERVFAIL … */
    rcode: string;
    authoritative: boolean;
    /** Whether the answer came by TCP, because it is too large for UDP or TCP was requested. */
    tcp: boolean;
    answers: Row[];
    /** NS records of a delegation, or SOA of an empty answer. */
    authority: Row[];
    additional: Row[];
}

interface QueryOptions {
    tcp?: boolean;
    /** Longest wait for one answer, in milliseconds. @default 2000, a common timeout of resolvers */
    timeoutMilliseconds?: number;
    /** Aborts all waits. */
    signal?: AbortSignal;
}

/** A server sent no valid DNS answer. */
export class NoAnswer extends Error {}

/** Largest answer by UDP, in bytes, that passes every network without fragmentation (DNS flag day 2020). */
const UDP_SIZE = 1232;
/** Number of tries by UDP. One datagram may be lost. If both tries fail, the server counts as down. */
const UDP_TRIES = 2;
const TIMEOUT_MS = 2000;

/** @throws NoAnswer if the server does not answer in time */
export async function ask(server: Server, question: Question, options: QueryOptions = {}): Promise<Answer> {
    if (options.tcp) return byTcp(server, question, options);
    for (let tries = 1; ; tries++)
        try {
            const reply = await byUdp(server, question, options);
            return reply ?? (await byTcp(server, question, options));
        } catch (error) {
            if (!(error instanceof NoAnswer) || tries === UDP_TRIES || options.signal?.aborted) throw error;
        }
}

function query({ name, type }: Question): packet.Packet & { id: number } {
    return {
        type: "query",
        id: randomInt(0x10000),
        flags: 0, // Without recursion, since a recursive server would return answers of other servers.
        questions: [{ name, type: type as packet.RecordType, class: "IN" }],
        additionals: [{ type: "OPT", name: ".", udpPayloadSize: UDP_SIZE, flags: 0, options: [] } as never],
    };
}

/** Sends the query by UDP; undefined for a truncated answer, which needs TCP. */
function byUdp(server: Server, question: Question, options: QueryOptions): Promise<Answer | undefined> {
    const sent = query(question);
    const socket = createSocket(isIPv6(server.host) ? "udp6" : "udp4");
    const ended = waiting<Answer | undefined>(server, "UDP", options, () => socket.close());
    socket.on("error", (error) => ended.fail(error.message));
    socket.on("message", (message) => {
        if (cutOff(message, sent.id)) return ended.done(undefined);
        const reply = decoded(message, sent);
        // A packet that does not answer the query is ignored: it may be forged, and the real answer may still arrive.
        if (reply) ended.done({ ...shaped(reply), tcp: false });
    });
    // A connected socket only receives packets of that server.
    socket.connect(server.port, server.host, () => ended.open() && socket.send(packet.encode(sent)));
    return ended.promise;
}

function byTcp(server: Server, question: Question, options: QueryOptions): Promise<Answer> {
    const sent = query(question);
    const socket = connect(server.port, server.host);
    const ended = waiting<Answer>(server, "TCP", options, () => socket.destroy());
    let received = Buffer.alloc(0);
    socket.on("error", (error) => ended.fail(error.message));
    socket.on("close", () => ended.fail("closed before an answer"));
    socket.on("connect", () => socket.write(packet.streamEncode(sent)));
    socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
        const reply = decoded(received.subarray(2, 2 + received.readUInt16BE(0)), sent);
        if (reply) ended.done({ ...shaped(reply), tcp: true });
        else ended.fail("the reply does not answer the query");
    });
    return ended.promise;
}

/** A promise with a time limit. It settles exactly once, and then calls `free` to release timers and sockets. */
function waiting<T>(server: Server, how: string, { timeoutMilliseconds, signal }: QueryOptions, free: () => void) {
    let settle!: { resolve: (value: T) => void; reject: (error: Error) => void };
    const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
    let over = false;
    const end = (then: () => void) => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        free();
        then();
    };
    const fail = (why: string) => end(() => settle.reject(new NoAnswer(`${server.label} by ${how}: ${why}`)));
    const limit = timeoutMilliseconds ?? TIMEOUT_MS;
    const timer = setTimeout(() => fail(`no answer in ${limit / 1000} s`), limit);
    const aborted = () => fail("no time left");
    if (signal?.aborted) setImmediate(aborted);
    else if (signal) {
        setMaxListeners(0, signal); // Each query adds a listener, and Node.js reports more than ten as a leak.
        signal.addEventListener("abort", aborted);
    }
    return { promise, fail, done: (value: T) => end(() => settle.resolve(value)), open: () => !over };
}

/** Whether an answer is truncated. Checked before decoding, since it may end in the middle of a record. */
function cutOff(message: Buffer, id: number): boolean {
    return message.length >= 12 && message.readUInt16BE(0) === id && (message[2] & 0x82) === 0x82;
}

function decoded(
    message: Buffer,
    sent: { id: number; questions?: packet.Question[] },
): packet.DecodedPacket | undefined {
    let reply: packet.DecodedPacket;
    try {
        reply = packet.decode(message);
    } catch {
        return undefined;
    }
    const asked = sent.questions![0];
    const [echo] = reply.questions ?? [];
    // An answer with FORMERR or a similar error may have no question.
    const same = !echo || (plainName(echo.name) === plainName(asked.name) && echo.type === asked.type);
    return reply.type === "response" && reply.id === sent.id && same ? reply : undefined;
}

function shaped(reply: packet.DecodedPacket): Omit<Answer, "tcp"> {
    const rows = (list: packet.Answer[] | undefined) =>
        (list ?? [])
            .filter(({ type }) => type !== "OPT" && type !== "RRSIG")
            .map((answer): Row => {
                const { name, type, ttl } = answer as { name: string; type: string; ttl?: number };
                return { name: plainName(name), type, ttl: ttl ?? 0, value: valueOf(answer) };
            });
    return {
        rcode: (reply as unknown as { rcode: string }).rcode,
        authoritative: reply.flag_aa,
        answers: rows(reply.answers),
        authority: rows(reply.authorities),
        additional: rows(reply.additionals),
    };
}
