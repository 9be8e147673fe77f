/** Removes secrets from texts of servers, in every encoding that a server may use. */

/** A text this short is no secret, and removing it would take apart every message. */
const SHORTEST_SECRET = 4;
/** Of base64: what is fixed by fewer characters is found in too many words. */
const SHORTEST_BASE64 = 8;

const NAMED: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };

/**
 * The text with `***` for each secret in it: as it is, percent-encoded, in JSON, in JSON within JSON, with entities of HTML,
 * in any mixture of these, in either case (a host is made lower case), and in base64 of it alone or of more around it.
 */
export function without(text: string, secrets: string[]): string {
    const patterns = [...new Set(secrets)]
        .filter((secret) => secret.length >= SHORTEST_SECRET)
        .sort((a, b) => b.length - a.length)
        .flatMap((secret) => [asWritten(secret), ...inBase64(secret)]);
    return patterns.length === 0 ? text : text.replace(new RegExp(patterns.join("|"), "gi"), "***");
}

function asWritten(secret: string): string {
    // A run of backslashes gets longer with each JSON around it.
    return secret
        .match(/\\+|[^\\]/g)!
        .map((part) => (part.startsWith("\\") ? `(?:${written("\\")})+` : `(?:${written(part)})`))
        .join("");
}

/** All ways in which one character is written. */
function written(char: string): string {
    const code = char.charCodeAt(0);
    const hex = code.toString(16).padStart(2, "0");
    const entity = [`#0*${code}`, `#x0*${hex}`, ...(char in NAMED ? [NAMED[char]!] : [])].join("|");
    const plain = char.replace(/[^A-Za-z0-9]/, "\\$&");
    const ways = [`%(?:25)*${hex}`, `&(?:amp;)*(?:${entity});?`, `\\\\{0,7}(?:${plain}|u00${hex}|x${hex})`];
    return [...ways, ...(char === " " ? ["\\+"] : [])].join("|");
}

/** For each of the three places at which it can begin: the characters that it alone decides, in both alphabets. */
function inBase64(secret: string): string[] {
    return [0, 1, 2]
        .map((before) => {
            const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
            return bytes.toString("base64").slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
        })
        .filter((text) => text.length >= SHORTEST_BASE64)
        .map((text) => text.replace(/\+/g, "(?:[-+]|%2b)").replace(/\//g, "(?:\\\\{0,7}[/_]|%2f)"));
}
