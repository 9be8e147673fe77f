/** Removes secrets from servers' texts, in every encoding that a server may use. */

/** A shorter text is no secret: removing it would make every message unreadable. */
const SHORTEST_SECRET = 4;
/** For base64: fewer fixed characters occur by chance in too many words. */
const SHORTEST_BASE64 = 8;

const NAMED: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };

/**
 * The text with `***` for each secret in it: plain, percent-encoded, in JSON, in JSON within JSON, with HTML entities, in any
 * mixture of these, in either case (a host name is lower-cased), and in base64, alone or as part of a longer text.
 */
export function without(text: string, secrets: string[]): string {
    const patterns = [...new Set(secrets)]
        .filter((secret) => secret.length >= SHORTEST_SECRET)
        .sort((a, b) => b.length - a.length)
        .flatMap((secret) => [asWritten(secret), ...inBase64(secret)]);
    return patterns.length === 0 ? text : text.replace(new RegExp(patterns.join("|"), "gi"), "***");
}

function asWritten(secret: string): string {
    // Each further level of JSON makes a run of backslashes longer.
    return secret
        .match(/\\+|[^\\]/g)!
        .map((part) => (part.startsWith("\\") ? `(?:${written("\\")})+` : `(?:${written(part)})`))
        .join("");
}

/** All encodings of one character. */
function written(char: string): string {
    const code = char.charCodeAt(0);
    const hex = code.toString(16).padStart(2, "0");
    const entity = [`#0*${code}`, `#x0*${hex}`, ...(char in NAMED ? [NAMED[char]!] : [])].join("|");
    const plain = char.replace(/[^A-Za-z0-9]/, "\\$&");
    const ways = [`%(?:25)*${hex}`, `&(?:amp;)*(?:${entity});?`, `\\\\{0,7}(?:${plain}|u00${hex}|x${hex})`];
    return [...ways, ...(char === " " ? ["\\+"] : [])].join("|");
}

/**
 * For each of the three offsets at which the secret can begin: the base64 characters that depend on it alone, in both
 * alphabets.
 */
function inBase64(secret: string): string[] {
    return [0, 1, 2]
        .map((before) => {
            const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
            return bytes.toString("base64").slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
        })
        .filter((text) => text.length >= SHORTEST_BASE64)
        .map((text) => text.replace(/\+/g, "(?:[-+]|%2b)").replace(/\//g, "(?:\\\\{0,7}[/_]|%2f)"));
}
