/** Converts values of answers into the canonical form of `recordValue`. */
import type * as packet from "dns-packet";
import { plainAddress, plainName, plainTarget } from "./names";

/** Value of an answer, in the form of `recordValue`. */
export function valueOf(answer: packet.Answer): string {
    switch (answer.type) {
        case "A":
        case "AAAA":
            return plainAddress(answer.data);
        case "CNAME":
        case "NS":
        case "PTR":
            return plainName(answer.data);
        case "MX":
            return `${answer.data.preference ?? 0} ${plainTarget(answer.data.exchange)}`;
        case "TXT":
            return [answer.data]
                .flat()
                .map((part) => Buffer.from(part).toString("latin1"))
                .join("");
        case "CAA":
            return `${answer.data.flags ?? 0} ${answer.data.tag.toLowerCase()} "${answer.data.value}"`;
        case "SRV": {
            const { priority, weight, port, target } = answer.data;
            return `${priority ?? 0} ${weight ?? 0} ${port} ${plainTarget(target)}`;
        }
        case "DS": {
            const { keyTag, algorithm, digestType, digest } = answer.data;
            return `${keyTag} ${algorithm} ${digestType} ${digest.toString("hex")}`;
        }
        case "TLSA": {
            const { usage, selector, matchingType, certificate } = answer.data;
            return `${usage} ${selector} ${matchingType} ${certificate.toString("hex")}`;
        }
        case "DNSKEY":
            return `${answer.data.flags} 3 ${answer.data.algorithm} ${answer.data.key.toString("base64")}`;
        default:
            return JSON.stringify((answer as { data?: unknown }).data ?? null);
    }
}
