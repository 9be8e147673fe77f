// Emulates `json.loads` and `json.dumps` of CPython 3.8: the accepted input (NaN, Infinity, repeated keys, ints of any size).
// Unsupported: UTF-16 and UTF-32, and the texts and positions of errors.

import { PyError, type PyValue } from "./python-value";

// Deepest nesting of JSON: the recursion limit is 1000 frames, and the server itself uses some.
const DEPTH_LIMIT = 960;

const TOKEN =
    /[ \t\n\r]*(?:([{}[\]:,])|("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?|(null|true|false|NaN|-?Infinity)|($))/y;
const WORDS: Record<string, PyValue> = {
    ...{ null: null, true: true, false: false },
    ...{ NaN, Infinity, "-Infinity": -Infinity },
};

/** `json.loads(body)` for a request body. @throws PyError */
export function loads(body: Buffer): PyValue {
    if (body.subarray(0, 2).some((byte) => byte === 0 || byte >= 0xfe))
        throw new PyError("unsupported by the sandbox: JSON in UTF-16 or UTF-32");
    let text: string;
    try {
        text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    } catch {
        throw new PyError("'utf-8' codec can't decode the body");
    }
    const parser = new Parser(text);
    const value = parser.value(parser.next(), 0);
    if (parser.next() !== "") throw new PyError("Extra data");
    return value;
}

class Parser {
    private at = 0;

    constructor(private readonly text: string) {}

    /** The next mark, or the value of the next text, number or word in a list; "" at the end. */
    next(): string | [PyValue] {
        TOKEN.lastIndex = this.at;
        const found = TOKEN.exec(this.text);
        if (found === null) throw new PyError("Expecting value");
        this.at = TOKEN.lastIndex;
        const [, mark, text, int, fraction, exponent, word] = found;
        if (mark !== undefined) return mark;
        if (text !== undefined) return [JSON.parse(text) as string];
        if (word !== undefined) return [WORDS[word]];
        if (int === undefined) return "";
        return [fraction || exponent ? Number(int + (fraction ?? "") + (exponent ?? "")) : BigInt(int)];
    }

    value(token: string | [PyValue], depth: number): PyValue {
        if (Array.isArray(token)) return token[0];
        if (token !== "{" && token !== "[") throw new PyError("Expecting value");
        if (depth >= DEPTH_LIMIT) throw new PyError("maximum recursion depth exceeded while decoding JSON");
        return token === "{" ? this.object(depth + 1) : this.array(depth + 1);
    }

    private object(depth: number): Map<string, PyValue> {
        const found = new Map<string, PyValue>();
        for (let token = this.next(); token !== "}"; token = this.next()) {
            const [key] = Array.isArray(token) ? token : [];
            if (typeof key !== "string") throw new PyError("Expecting property name enclosed in double quotes");
            if (this.next() !== ":") throw new PyError("Expecting ':' delimiter");
            found.set(key, this.value(this.next(), depth));
            if (this.ends("}")) return found;
        }
        if (found.size > 0) throw new PyError("Expecting property name enclosed in double quotes");
        return found;
    }

    private array(depth: number): PyValue[] {
        const found: PyValue[] = [];
        for (let token = this.next(); token !== "]"; token = this.next()) {
            found.push(this.value(token, depth));
            if (this.ends("]")) return found;
        }
        if (found.length > 0) throw new PyError("Expecting value");
        return found;
    }

    /** Whether the next token ends a list or an object; otherwise it is a comma. */
    private ends(mark: string): boolean {
        const token = this.next();
        if (token !== mark && token !== ",") throw new PyError("Expecting ',' delimiter");
        return token === mark;
    }
}

/** `json.dumps(value)` for Alpa's answers: ASCII only, with a space after every comma and colon. */
export function dumps(value: string | number | object): string {
    if (typeof value === "string")
        return JSON.stringify(value).replace(
            /[\u0080-\uffff]/g,
            (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
    if (typeof value === "number") return String(value);
    if (Array.isArray(value)) return `[${value.map((item) => dumps(item as object)).join(", ")}]`;
    return `{${Object.entries(value)
        .map(([key, item]) => `${dumps(key)}: ${dumps(item as object)}`)
        .join(", ")}}`;
}
