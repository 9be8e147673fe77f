/**
 * Serves DNS by TCP on one port of 127.0.0.1, with the answers of an emulator (azure.ts, cloudflare.ts, registry.ts). The product
 * and the resolver emulator query by TCP only.
 *
 * Rejected (NOTIMP): other types than those in TYPES, several questions. Data other than a query ends the connection.
 */
import { createServer } from "node:net";
import * as packet from "dns-packet";
import { plainName } from "../../dns/names";
import { listen } from "../processes/listen";
import { refuse, type Reply } from "./zone";

/** Answers a question. @param name in lower case, without the final dot */
export type Says = (name: string, type: string) => Reply;

export interface DnsServer {
    /** `127.0.0.1:port`. */
    address: string;
    port: number;
    /** Received questions, as `tcp name type`. */
    asked: string[];
    /** Whether the server ignores all questions. */
    silent: boolean;
    /** Whether the server rejects connections, as one that answers by UDP only. */
    udpOnly: boolean;
    close(): Promise<void>;
}

const TYPES = ["A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "MX", "NS", "PTR", "SOA", "SRV", "TLSA", "TXT"];
const RCODES: Reply["rcode"][] = ["NOERROR", "FORMERR" as never, "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

export async function startDnsServer(says: Says): Promise<DnsServer> {
    const server = createServer((socket) => {
        socket.on("error", () => undefined); // the client has disconnected
        if (running.udpOnly) return void socket.destroy();
        let received = Buffer.alloc(0);
        socket.on("data", (chunk) => {
            received = Buffer.concat([received, chunk]);
            if (running.silent || received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
            try {
                socket.write(answerTo(packet.decode(received.subarray(2)), says, running.asked));
            } catch {
                socket.destroy();
            }
            received = Buffer.alloc(0);
        });
    });
    const { port, close } = await listen(server);
    const running: DnsServer = {
        ...{ address: `127.0.0.1:${port}`, port, close },
        ...{ asked: [], silent: false, udpOnly: false },
    };
    return running;
}

function answerTo(query: packet.DecodedPacket, says: Says, asked: string[]): Buffer {
    const [question, ...more] = query.questions!;
    const name = plainName(question.name);
    asked.push(`tcp ${name || "."} ${question.type}`);
    const supported = more.length === 0 && TYPES.includes(question.type);
    const { rcode, authoritative, answers, authorities } = supported ? says(name, question.type) : refuse("NOTIMP");
    return packet.streamEncode({
        ...{ type: "response", id: query.id, questions: query.questions, answers, authorities },
        flags: (authoritative ? packet.AUTHORITATIVE_ANSWER : 0) | RCODES.indexOf(rcode),
    });
}
