// Decodes bytes as `json.loads(bytes)` of CPython 3.8 does: the first bytes determine the encoding, and lone surrogates are
// accepted. Errors name the first invalid byte, as Python's UnicodeDecodeError does.

import { PyError } from "./python-value";

/** Does `body.decode(json.detect_encoding(body), "surrogatepass")`. */
export function decodeBody(body: Buffer): string {
    const [b0, b1, b2, b3] = body;
    if (b0 === 0xff && b1 === 0xfe) {
        return b2 === 0 && b3 === 0 && body.length >= 4
            ? decodeUtf32(body, "utf-32-le", false, 4)
            : decodeUtf16(body, "utf-16-le", false, 2);
    }
    if (b0 === 0xfe && b1 === 0xff) return decodeUtf16(body, "utf-16-be", true, 2);
    if (b0 === 0 && b1 === 0 && b2 === 0xfe && b3 === 0xff) return decodeUtf32(body, "utf-32-be", true, 4);
    if (b0 === 0xef && b1 === 0xbb && b2 === 0xbf) return decodeUtf8(body.subarray(3));
    if (body.length >= 4 || body.length === 2) {
        if (b0 === 0) {
            return b1 !== 0 || body.length === 2
                ? decodeUtf16(body, "utf-16-be", true)
                : decodeUtf32(body, "utf-32-be", true);
        }
        if (b1 === 0) {
            return body.length === 2 || b2 !== 0 || b3 !== 0
                ? decodeUtf16(body, "utf-16-le", false)
                : decodeUtf32(body, "utf-32-le", false);
        }
    }
    return decodeUtf8(body);
}

function decodeError(codec: string, bytes: Buffer, start: number, end: number, reason: string): PyError {
    const where =
        end - start === 1
            ? `byte 0x${bytes[start].toString(16).padStart(2, "0")} in position ${start}`
            : `bytes in position ${start}-${end - 1}`;
    return new PyError("UnicodeDecodeError", `'${codec}' codec can't decode ${where}: ${reason}`);
}

function decodeUtf8(bytes: Buffer): string {
    try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        return decodeUtf8Slowly(bytes);
    }
}

/** Decodes byte by byte, to name the first invalid byte. Unlike TextDecoder it accepts encoded surrogates. */
function decodeUtf8Slowly(bytes: Buffer): string {
    let out = "";
    let at = 0;
    while (at < bytes.length) {
        const first = bytes[at];
        if (first < 0x80) {
            out += String.fromCharCode(first);
            at += 1;
            continue;
        }
        const length =
            first >= 0xc2 && first <= 0xdf ? 2 : first >> 4 === 0xe ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
        if (length === 0) throw decodeError("utf-8", bytes, at, at + 1, "invalid start byte");
        // Range of the second byte. It is narrower for some first bytes, which excludes overlong forms and code points above
        // U+10FFFF.
        const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
        const high = first === 0xf4 ? 0x8f : 0xbf;
        let have = 1;
        while (have < length && at + have < bytes.length) {
            const next = bytes[at + have];
            if (next < (have === 1 ? low : 0x80) || next > (have === 1 ? high : 0xbf)) break;
            have += 1;
        }
        const isSurrogate = first === 0xed && have > 1 && bytes[at + 1] >= 0xa0;
        if (isSurrogate && have < 3) throw decodeError("utf-8", bytes, at, at + 1, "invalid continuation byte");
        if (have < length) {
            if (at + have === bytes.length) {
                throw decodeError("utf-8", bytes, at, bytes.length, "unexpected end of data");
            }
            throw decodeError("utf-8", bytes, at, at + have, "invalid continuation byte");
        }
        let code = first & (0x7f >> length);
        for (let i = 1; i < length; i++) code = (code << 6) | (bytes[at + i] & 0x3f);
        out += String.fromCodePoint(code);
        at += length;
    }
    return out;
}

function decodeUtf16(bytes: Buffer, codec: string, bigEndian: boolean, from = 0): string {
    if (bytes.length % 2 !== 0) throw decodeError(codec, bytes, bytes.length - 1, bytes.length, "truncated data");
    let out = "";
    for (let at = from; at < bytes.length; at += 2) {
        out += String.fromCharCode(bigEndian ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at));
    }
    return out;
}

function decodeUtf32(bytes: Buffer, codec: string, bigEndian: boolean, from = 0): string {
    let out = "";
    for (let at = from; at < bytes.length; at += 4) {
        if (at + 4 > bytes.length) throw decodeError(codec, bytes, at, bytes.length, "truncated data");
        const code = bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
        if (code > 0x10ffff) throw decodeError(codec, bytes, at, at + 4, "code point not in range(0x110000)");
        out += String.fromCodePoint(code);
    }
    return out;
}
