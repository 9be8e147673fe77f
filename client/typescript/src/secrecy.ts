/**
 * Removes secrets from servers' texts, in any encoding. A text is decoded in several steps and searched after each
 * step. The characters that encode a secret are removed from the original text.
 */

/** Shortest secret that is removed, in characters: removing shorter texts would make every message unreadable. */
const SHORTEST_SECRET = 4;
/** Shortest base64 form of a secret that is removed, in characters: shorter ones occur by chance in too many words. */
const SHORTEST_BASE64 = 8;
/**
 * Longest searched text and longest returned text, in characters. The end of the searched text may cut a secret, which
 * is then not found. The returned text is so much shorter that it cannot contain this part.
 */
const [LOOKED_AT, LEFT] = [200_000, 100_000];
/** Largest number of nested encodings. */
const DEPTH = 8;

/** Escapes of JSON and of programming languages, of URLs, and of HTML with decimal, hexadecimal or named codes. */
const ESCAPED =
    /\\u00([0-9a-f]{2})|\\x([0-9a-f]{2})|\\(["'/\\])|%([0-9a-f]{2})|&(?:#([0-9]{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));?/gi;
const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Replaces each secret in the text by `***`. Finds a secret that is plain, percent-encoded, escaped as in JSON or HTML, or
 * in several of these encodings at once. Ignores case, because a secret in a host name is lower-cased. Also finds a
 * secret in base64, alone or as part of a longer text.
 */
export function without(text: string, secrets: string[]): string {
    const needles = new Map(secrets.filter((secret) => secret.length >= SHORTEST_SECRET).flatMap(needlesOf));
    if (needles.size === 0) return text;
    const spans = stepsOf(text.slice(0, LOOKED_AT)).flatMap((step) => found(step, needles));
    let left = text.slice(0, LOOKED_AT);
    for (const [start, end] of joined(spans).reverse()) left = `${left.slice(0, start)}***${left.slice(end)}`;
    return left.slice(0, LEFT);
}

/** A text after some steps of decoding. `places`: offsets in the original text, of each character and of the end. */
interface Step {
    text: string;
    places: number[];
}

function stepsOf(text: string): Step[] {
    const steps: Step[] = [{ text, places: Array.from({ length: text.length + 1 }, (_, i) => i) }];
    while (steps.length <= DEPTH) {
        const { text: encoded, places } = steps.at(-1)!;
        const parts: string[] = [];
        const now: number[] = [];
        let end = 0;
        for (const match of encoded.matchAll(ESCAPED)) {
            parts.push(encoded.slice(end, match.index), decoded(match));
            for (let i = end; i <= match.index; i++) now.push(places[i]!);
            end = match.index + match[0].length;
        }
        if (end === 0) break;
        for (let i = end; i < places.length; i++) now.push(places[i]!);
        steps.push({ text: parts.join("") + encoded.slice(end), places: now });
    }
    return steps;
}

function decoded([, short, code, sign, percent, decimal, hexadecimal, name]: RegExpMatchArray): string {
    if (sign !== undefined) return sign;
    if (name !== undefined) return NAMED[name.toLowerCase()]!;
    if (decimal !== undefined) return String.fromCharCode(Number(decimal));
    return String.fromCharCode(parseInt(short ?? code ?? percent ?? hexadecimal!, 16));
}

/** Converts only ASCII to lower case: other characters may change their length. */
const lower = (text: string) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Texts to search for. `adjacent`: how many characters before and after a text may also belong to the secret. */
function needlesOf(secret: string): [needle: string, adjacent: number][] {
    // The text is decoded before the search, so search for the decoded secret too: it may contain an escape.
    const plain = [secret, stepsOf(secret.replace(/\\+$/, "")).at(-1)!.text];
    const texts = plain.flatMap((text) => [text, text.replaceAll(" ", "+")]);
    return [
        ...texts.filter((text) => text.length >= SHORTEST_SECRET).map((text): [string, number] => [lower(text), 0]),
        ...inBase64(secret).map((text): [string, number] => [lower(text), 3]),
    ];
}

/**
 * The secret in base64, in both alphabets. In a longer text, the secret can begin at each of the three bytes of a
 * base64 group. For each case, returns the characters that depend only on the secret.
 */
function inBase64(secret: string): string[] {
    const texts = [0, 1, 2].map((before) => {
        const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
        return bytes.toString("base64").slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
    });
    const long = texts.filter((text) => text.length >= SHORTEST_BASE64);
    return long.flatMap((text) => [text, text.replaceAll("+", "-").replaceAll("/", "_")]);
}

type Span = [start: number, end: number];

function found({ text, places }: Step, needles: Map<string, number>): Span[] {
    const spans: Span[] = [];
    const all = lower(text);
    for (const [needle, adjacent] of needles)
        for (let at = all.indexOf(needle); at >= 0; at = all.indexOf(needle, at + needle.length)) {
            const end = at + needle.length;
            const before = /[\w+/-]*$/.exec(text.slice(Math.max(0, at - adjacent), at))![0].length;
            const after = /^[\w+/=-]*/.exec(text.slice(end, end + adjacent))![0].length;
            spans.push([places[at - before]!, places[end + after]!]);
        }
    return spans;
}

function joined(spans: Span[]): Span[] {
    const all: Span[] = [];
    for (const [start, end] of spans.sort(([one], [other]) => one - other)) {
        const last = all.at(-1);
        if (last !== undefined && start <= last[1]) last[1] = Math.max(end, last[1]);
        else all.push([start, end]);
    }
    return all;
}
