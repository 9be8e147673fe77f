/** Sends one query to one name server, without recursion. Uses TCP, which passes answers of every size (RFC 7766). */
import { randomInt } from "node:crypto";
import { setMaxListeners } from "node:events";
import { connect } from "node:net";
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
    answers: Row[];
    /** NS records of a delegation, or SOA of an empty answer. */
    authority: Row[];
}

interface QueryOptions {
    /** Longest wait for one answer, in milliseconds. @default 2000, a common timeout of resolvers */
    timeoutMilliseconds?: number;
    /** Aborts all waits. */
    signal?: AbortSignal;
}

/** A server sent no valid DNS answer. */
export class NoAnswer extends Error {}

const TIMEOUT_MS = 2000;

/** @throws NoAnswer if the server does not answer in time */
export function ask(server: Server, question: Question, options: QueryOptions = {}): Promise<Answer> {
    const { timeoutMilliseconds: limit = TIMEOUT_MS, signal } = options;
    const sent = query(question);
    return new Promise((resolve, reject) => {
        const socket = connect(server.port, server.host);
        const end = (then: () => void) => {
            clearTimeout(timer);
            signal?.removeEventListener("abort", aborted);
            socket.destroy();
            then();
        };
        // Further calls have no effect, since a promise settles once.
        const fail = (why: string) => end(() => reject(new NoAnswer(`${server.label}: ${why}`)));
        const aborted = () => fail("no time left");
        const timer = setTimeout(() => fail(`no answer in ${limit / 1000} s`), limit);
        if (signal?.aborted) return aborted();
        if (signal) setMaxListeners(0, signal); // Each query adds a listener, and Node.js reports more than ten as a leak.
        signal?.addEventListener("abort", aborted);
        let received = Buffer.alloc(0);
        socket.on("error", (error) => fail(error.message));
        socket.on("close", () => fail("closed before an answer"));
        socket.on("connect", () => socket.write(packet.streamEncode(sent)));
        socket.on("data", (chunk) => {
            received = Buffer.concat([received, chunk]);
            if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
            const reply = decoded(received.subarray(2, 2 + received.readUInt16BE(0)), sent);
            if (reply) end(() => resolve(shaped(reply)));
            else fail("the reply does not answer the query");
        });
    });
}

function query({ name, type }: Question): packet.Packet & { id: number } {
    return {
        type: "query",
        id: randomInt(0x10000),
        flags: 0, // Without recursion, since a recursive server would return answers of other servers.
        questions: [{ name, type: type as packet.RecordType, class: "IN" }],
    };
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

function shaped(reply: packet.DecodedPacket): Answer {
    const rows = (list: packet.Answer[] = []) =>
        list
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
    };
}
