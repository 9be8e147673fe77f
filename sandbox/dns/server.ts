/**
 * Serves DNS by UDP and TCP on one port of 127.0.0.1, with the answers of an emulator (azure.ts, cloudflare.ts, registry.ts).
 *
 * Emulated: one question in a query, EDNS sizes, truncation. Rejected (NOTIMP): other types than those in TYPES, several
 * questions. Data other than DNS gets no answer.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server } from "node:net";
import * as packet from "dns-packet";
import { plainName } from "../../dns/names";
import { listen, type Listening } from "../processes/listen";
import { refuse, type Reply } from "./zone";

/** Answers a question. @param name in lower case, without the final dot */
export type Says = (name: string, type: string) => Reply;

interface DnsServerOptions {
    says: Says;
    /** Port on 127.0.0.1. 0 takes any free port. */
    port?: number;
}

export interface DnsServer {
    /** `127.0.0.1:port`. */
    address: string;
    port: number;
    /** Received questions, as `udp name type`. */
    asked: string[];
    /** Whether the server ignores all questions. */
    silent: boolean;
    /** Whether the TCP port rejects connections. */
    udpOnly: boolean;
    close(): Promise<void>;
}

const TYPES = ["A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "MX", "NS", "PTR", "SOA", "SRV", "TLSA", "TXT"];
/** Longest UDP answer in bytes: `SMALL` without EDNS (RFC 1035, 2.3.4), `LARGEST` with EDNS. */
const SMALL = 512;
const LARGEST = 4096;
/** Number of attempts to find a port that is free for both TCP and UDP. */
const TRIES = 20;
/** Idle timeout of a TCP connection, in milliseconds (RFC 7766, 6.2.3: a few seconds). */
const IDLE_MS = 5000;

export async function startDnsServer({ says, port = 0 }: DnsServerOptions): Promise<DnsServer> {
    const answer = (message: Buffer, how: "udp" | "tcp"): Buffer | undefined => {
        if (running.silent) return undefined;
        return answerTo(message, how, says, running.asked);
    };
    const tcp = createServer((socket) => {
        socket.setTimeout(IDLE_MS, () => socket.destroy());
        socket.on("error", () => undefined); // the client has disconnected
        if (running.udpOnly) return void socket.destroy();
        let received = Buffer.alloc(0);
        socket.on("data", (chunk) => {
            received = Buffer.concat([received, chunk]);
            while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
                const length = received.readUInt16BE(0);
                const reply = answer(received.subarray(2, 2 + length), "tcp");
                received = received.subarray(2 + length);
                if (reply) socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]));
            }
        });
    });
    const { udp, listening } = await bindBoth(tcp, port);
    udp.on("message", (message, from) => {
        const reply = answer(message, "udp");
        if (reply) udp.send(reply, from.port, from.address);
    });
    const at = listening.port;
    const running: DnsServer = {
        ...{ address: `127.0.0.1:${at}`, port: at, asked: [], silent: false, udpOnly: false },
        close: async () => {
            await new Promise<void>((resolve) => udp.close(() => resolve()));
            await listening.close();
        },
    };
    return running;
}

/** Opens UDP and TCP on the same port number, as clients expect. */
async function bindBoth(tcp: Server, wanted: number): Promise<{ udp: UdpSocket; listening: Listening }> {
    for (let tries = 1; ; tries++) {
        const listening = await listen(tcp, wanted);
        const udp = createSocket("udp4");
        try {
            await new Promise<void>((resolve, reject) => {
                udp.once("error", reject);
                udp.bind(listening.port, "127.0.0.1", () => {
                    udp.off("error", reject);
                    resolve();
                });
            });
            udp.on("error", () => undefined); // the client no longer waits for the answer
            return { udp, listening };
        } catch (error) {
            udp.close();
            await listening.close();
            const { code } = error as NodeJS.ErrnoException;
            if (wanted !== 0 || code !== "EADDRINUSE" || tries === TRIES) throw error;
        }
    }
}

function answerTo(message: Buffer, how: "udp" | "tcp", says: Says, asked: string[]): Buffer | undefined {
    let query: packet.DecodedPacket;
    try {
        query = packet.decode(message);
    } catch {
        return undefined;
    }
    if (query.type !== "query") return undefined;
    const [question, ...more] = query.questions ?? [];
    const name = question ? plainName(question.name) : "";
    if (question) asked.push(`${how} ${name || "."} ${question.type}`);
    const supported = question && more.length === 0 && TYPES.includes(question.type);
    const reply = supported ? says(name, question.type) : refuse("NOTIMP");
    const opt = query.additionals?.find(({ type }) => type === "OPT") as { udpPayloadSize: number } | undefined;
    const full = encoded(query, reply, opt !== undefined);
    const room = how === "tcp" ? 0xffff : Math.min(LARGEST, Math.max(SMALL, opt?.udpPayloadSize ?? SMALL));
    if (full.length <= room) return full;
    return encoded(query, { ...reply, answers: [], authorities: [], additionals: [] }, opt !== undefined, true);
}

const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

function encoded(query: packet.DecodedPacket, reply: Reply, edns: boolean, cut = false): Buffer {
    const opt = { type: "OPT", name: ".", udpPayloadSize: LARGEST, flags: 0, options: [] };
    const flags =
        ((query.flags ?? 0) & packet.RECURSION_DESIRED) |
        (reply.authoritative ? packet.AUTHORITATIVE_ANSWER : 0) |
        (cut ? packet.TRUNCATED_RESPONSE : 0) |
        RCODES.indexOf(reply.rcode);
    return packet.encode({
        type: "response",
        id: query.id,
        flags,
        questions: query.questions,
        answers: reply.answers,
        authorities: reply.authorities,
        additionals: [...reply.additionals, ...(edns ? [opt as unknown as packet.Answer] : [])],
    });
}
