/** Validates the content of DNS records by type: a text, or fields in `data`. */
import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import type { JsonObject } from "../../account";
import { Unsupported, refused } from "../answer";
import { checked } from "../call";

export const PROXIABLE = ["A", "AAAA", "CNAME"];
/** Domains for mail and for proofs of ownership. A record that points to a name in one of them cannot be proxied. */
const NOT_FOR_THE_PROXY = ["dkim.amazonses.com", "onmicrosoft.com", "acm-validations.aws"];

export function proxiable({ type, content }: { type: string; content: string }): boolean {
    return PROXIABLE.includes(type) && !NOT_FOR_THE_PROXY.some((end) => content === end || content.endsWith(`.${end}`));
}

/** Types whose content is a name, stored in lower case without the final dot. */
const NAMES = ["CNAME", "MX", "NS", "PTR"];
const TEXTS = ["A", "AAAA", "TXT", ...NAMES];
/** Record types of the real API that the emulator does not support. */
const OTHERS = ["OPENPGPKEY", "SPF"];

const number = z.number().int().min(0);
const number16 = number.max(65535);
const text = z.string();
const TLSA = z.strictObject({ usage: number, selector: number, matching_type: number, certificate: text });

type Data = { [key: string]: string | number };
/** Types with fields: the schema of `data`, and the function that computes `content` from it. */
const FIELDS: Record<string, [schema: z.ZodType<Data>, content: (d: Data) => string]> = {
    CAA: [
        z.strictObject({ flags: number.max(255), tag: z.enum(["issue", "issuewild", "iodef"]), value: text }),
        (d) => `${d.flags} ${d.tag} "${d.value}"`,
    ],
    SRV: [
        z.strictObject({ priority: number16, weight: number16, port: number16, target: text }),
        (d) => `${d.weight} ${d.port} ${d.target}`,
    ],
    NAPTR: [
        z.strictObject({
            ...{ order: number16, preference: number16, flags: text, service: text, regex: text, replacement: text },
        }),
        (d) => `${d.order} ${d.preference} "${d.flags}" "${d.service}" "${d.regex}" ${d.replacement}`,
    ],
    TLSA: [TLSA, (d) => `${d.usage} ${d.selector} ${d.matching_type} ${d.certificate}`],
    SMIMEA: [TLSA, (d) => `${d.usage} ${d.selector} ${d.matching_type} ${d.certificate}`],
    SSHFP: [
        z.strictObject({ algorithm: number, type: number, fingerprint: text }),
        (d) => `${d.algorithm} ${d.type} ${d.fingerprint}`,
    ],
    DS: [
        z.strictObject({ key_tag: number16, algorithm: number, digest_type: number, digest: text }),
        (d) => `${d.key_tag} ${d.algorithm} ${d.digest_type} ${d.digest}`,
    ],
    DNSKEY: [
        z.strictObject({ flags: number16, protocol: number, algorithm: number, public_key: text }),
        (d) => `${d.flags} ${d.protocol} ${d.algorithm} ${d.public_key}`,
    ],
    CERT: [
        z.strictObject({ type: number16, key_tag: number16, algorithm: number, certificate: text }),
        (d) => `${d.type} ${d.key_tag} ${d.algorithm} ${d.certificate}`,
    ],
    URI: [z.strictObject({ weight: number16, target: text }), (d) => `${d.weight} "${d.target}"`],
    HTTPS: [
        z.strictObject({ priority: number16, target: text, value: text }),
        (d) => `${d.priority} ${d.target} ${d.value}`.trim(),
    ],
    SVCB: [
        z.strictObject({ priority: number16, target: text, value: text }),
        (d) => `${d.priority} ${d.target} ${d.value}`.trim(),
    ],
    LOC: [
        z.strictObject({
            ...{ lat_degrees: number.max(90), lat_minutes: number.max(59), lat_seconds: z.number() },
            ...{ long_degrees: number.max(180), long_minutes: number.max(59), long_seconds: z.number() },
            ...{ lat_direction: z.enum(["N", "S"]), long_direction: z.enum(["E", "W"]), altitude: z.number() },
            ...{ size: z.number(), precision_horz: z.number(), precision_vert: z.number() },
        }),
        (d) =>
            `${d.lat_degrees} ${d.lat_minutes} ${d.lat_seconds} ${d.lat_direction} ` +
            `${d.long_degrees} ${d.long_minutes} ${d.long_seconds} ${d.long_direction} ` +
            `${d.altitude}m ${d.size}m ${d.precision_horz}m ${d.precision_vert}m`,
    ],
};
/** Record types with a priority in addition to the content. */
const NEED_PRIORITY = ["MX", "URI"];

export const nameForm = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** Whether a text is a DNS name: labels of letters, digits, hyphens and underscores; the first label may be `*`. */
export function isName(name: string): boolean {
    const labels = name.split(".");
    return (
        name.length <= 253 &&
        labels.every((l, i) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(l) || (i === 0 && l === "*"))
    );
}

interface Value {
    content: string;
    data?: JsonObject;
    priority?: number;
}

/**
 * Checks the content of a record. For types with fields, only `data` is read, because a client that changes `data` can still
 * send the old `content`.
 */
export function valueOf(type: string, body: { content?: string; data?: unknown; priority?: number }): Value {
    if (OTHERS.includes(type)) throw new Unsupported(`DNS record type ${type}`);
    if (Object.hasOwn(FIELDS, type)) {
        if (body.data === undefined) {
            if (body.content !== undefined) throw new Unsupported(`${type} record with content instead of data`);
            throw refused(9101, `data: required for ${type} records.`);
        }
        const [schema, content] = FIELDS[type];
        const data = checked(schema, body.data, 9101);
        const priority = body.priority ?? (type === "SRV" ? Number(data.priority) : undefined);
        needPriority(type, priority);
        return { content: content(data), data, ...(priority === undefined ? {} : { priority }) };
    }
    if (!TEXTS.includes(type)) throw refused(1004, `DNS Validation Error: ${type} is not a record type.`);
    if (body.data !== undefined) throw refused(9101, `data: not valid for ${type} records. Set content.`);
    if (body.content === undefined || body.content === "") throw refused(9020, "content: required.");
    const content = NAMES.includes(type) ? nameForm(body.content) : body.content;
    if (type === "A" && !isIPv4(content)) throw refused(9005, "Content for A record must be a valid IPv4 address.");
    if (type === "AAAA" && !isIPv6(content))
        throw refused(9006, "Content for AAAA record must be a valid IPv6 address.");
    if (NAMES.includes(type) && (!isName(content) || content.startsWith("*")))
        throw refused(9007, `Content for ${type} record must be a hostname (got "${content}").`);
    needPriority(type, body.priority);
    const hasPriority = type === "MX" && body.priority !== undefined;
    return { content, ...(hasPriority ? { priority: body.priority } : {}) };
}

function needPriority(type: string, priority: number | undefined): void {
    if (NEED_PRIORITY.includes(type) && priority === undefined)
        throw refused(9100, `priority: required for ${type} records.`);
}
