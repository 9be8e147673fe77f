import { isIPv4, isIPv6 } from "node:net";
import * as z from "zod";
import { isName, plainAddress, plainTarget } from "../../../dns/names";
import { got, must } from "../../problems";

/** TTLs that Cloudflare accepts for a record that is not proxied, in seconds. Plan Enterprise also allows 30 to 59. */
export const TTLS = { min: 60, max: 86400 };
/**
 * Longest record in wire format at Cloudflare, in bytes. A TXT record needs one more byte for each 255 bytes of text
 * (Cloudflare's page "DNS record types").
 */
const WIRE_LIMIT = 4096;
const CAA_TAGS = ["issue", "issuewild", "iodef"];

const ttl = z.number(must("be a time in seconds")).optional();
const proxied = z.boolean(must("be true or false")).optional();

const target = (what: string, { orNone } = { orNone: false }) =>
    z
        .string(must(`be ${what}`))
        .transform(plainTarget)
        .refine(
            (name) => isName(name) || (orNone && name === "."),
            must(`be ${what}`, "Write the full name, for example host.example.com"),
        );

const whole = (max: number) =>
    z
        .number(must(`be a whole number from 0 to ${max}`))
        .refine((n) => Number.isInteger(n) && n >= 0 && n <= max, must(`be a whole number from 0 to ${max}`));

const hex = z
    .string(must("be hexadecimal digits", "Quote it"))
    .transform((text) => text.toLowerCase())
    .refine((text) => /^([0-9a-f]{2})+$/.test(text), must("be hexadecimal digits, two for each byte"));

const text = z.string(must("be a string", "Quote it")).check((ctx) => {
    const value = ctx.value;
    const issue = (message: string) => ctx.issues.push({ code: "custom", input: value, message });
    if (value === "") issue("must not be empty. Remove the record");
    if (/^"[\s\S]*"$/.test(value)) issue("must be the text without quotes around it. Remove the quotes");
    if (/[^\x20-\x7e]/.test(value))
        issue("must be printable ASCII: how Cloudflare stores other bytes is not known. Create this record by hand");
    const wire = value.length + Math.ceil(value.length / 255);
    if (wire > WIRE_LIMIT) issue(`must fit in ${WIRE_LIMIT} bytes (got ${wire}). Shorten it`);
});

const address = (family: 4 | 6) => {
    const error = (i: { input?: unknown }) => `must be an IPv${family} address${got(i.input)}`;
    return z
        .string({ error })
        .refine(family === 4 ? isIPv4 : (text) => isIPv6(text) && !text.includes("%"), { error })
        .transform((text) => (isIPv6(text) ? plainAddress(text) : text));
};

const common = { name: z.string(), ttl, proxied };
const entry = <T extends string, S extends z.core.$ZodLooseShape>(type: T, shape: S) =>
    z.strictObject({ ...common, type: z.literal(type), ...shape });

/** Schema of one record in the file, by its type. */
export const ENTRIES = {
    A: entry("A", { content: address(4) }),
    AAAA: entry("AAAA", { content: address(6) }),
    CNAME: entry("CNAME", { content: target("the name of a host") }),
    MX: entry("MX", {
        content: target("the name of a mail server, or . for none", { orNone: true }),
        priority: whole(65535),
    }),
    NS: entry("NS", { content: target("the name of a name server") }),
    PTR: entry("PTR", { content: target("the name of a host") }),
    TXT: entry("TXT", { content: text }),
    CAA: entry("CAA", {
        data: z.strictObject({
            flags: whole(255),
            tag: z
                .string()
                .transform((tag) => tag.toLowerCase())
                .refine((tag) => CAA_TAGS.includes(tag), must(`be one of ${CAA_TAGS.join(", ")}`)),
            value: z.string().regex(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/, {
                error: "must be printable ASCII without quotes and backslashes",
            }),
        }),
    }),
    DS: entry("DS", {
        data: z.strictObject({ keyTag: whole(65535), algorithm: whole(255), digestType: whole(255), digest: hex }),
    }),
    SRV: entry("SRV", {
        data: z.strictObject({
            priority: whole(65535),
            weight: whole(65535),
            port: whole(65535),
            target: target("the name of a host, or . for none", { orNone: true }),
        }),
    }),
    TLSA: entry("TLSA", {
        data: z.strictObject({ usage: whole(255), selector: whole(255), matchingType: whole(255), certificate: hex }),
    }),
};
