// Emulates `json.loads` and `json.dumps` of CPython 3.8 (its scanner in C): the accepted input (NaN, Infinity, duplicate keys,
// ints of any size), and the messages and positions of errors.

import { decodeBody } from "./python-bytes";
import { PyError, type PyValue } from "./python-value";

// Deepest nesting of JSON: the recursion limit is 1000 frames (sys.getrecursionlimit()), and the server itself uses some.
const DEPTH_LIMIT = 960;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?/y;
const PLAIN = /[^"\\\x00-\x1f]*/y;
const ESCAPES: Record<string, string> = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
};

/** `json.loads(body)` for a request body. @throws PyError with Python's message */
export function loads(body: Buffer): PyValue {
    return new Scanner(decodeBody(body)).document();
}

class Scanner {
    private at = 0;

    constructor(private readonly text: string) {}

    document(): PyValue {
        this.skipSpace();
        const value = this.value(0);
        this.skipSpace();
        if (this.at !== this.text.length) throw this.error("Extra data", this.at);
        return value;
    }

    private error(what: string, at: number): PyError {
        const before = this.text.slice(0, at);
        const line = before.split("\n").length;
        // Python counts characters, not UTF-16 units.
        const position = [...before].length;
        const lastBreak = before.lastIndexOf("\n");
        const column = lastBreak < 0 ? position + 1 : [...before.slice(lastBreak)].length;
        return new PyError("JSONDecodeError", `${what}: line ${line} column ${column} (char ${position})`);
    }

    private match(pattern: RegExp): RegExpExecArray | null {
        pattern.lastIndex = this.at;
        const found = pattern.exec(this.text);
        if (found) this.at = pattern.lastIndex;
        return found;
    }

    private skipSpace(): void {
        this.match(SPACE);
    }

    private value(depth: number): PyValue {
        const start = this.at;
        const char = this.text[start];
        if (char === '"') return this.string();
        if (char === "{" || char === "[") {
            if (depth >= DEPTH_LIMIT) {
                const kind = char === "{" ? "object" : "array";
                const what = `maximum recursion depth exceeded while decoding a JSON ${kind} from a unicode string`;
                throw new PyError("RecursionError", what);
            }
            this.at += 1;
            return char === "{" ? this.object(depth + 1) : this.array(depth + 1);
        }
        for (const [word, value] of WORDS) {
            if (this.text.startsWith(word, start)) {
                this.at += word.length;
                return value;
            }
        }
        const number = this.match(NUMBER);
        if (!number) throw this.error("Expecting value", start);
        const isFloat = number[2] !== undefined || number[3] !== undefined;
        return isFloat ? Number(number[0]) : BigInt(number[1]);
    }

    private object(depth: number): Map<string, PyValue> {
        const found = new Map<string, PyValue>();
        this.skipSpace();
        if (this.text[this.at] === "}") {
            this.at += 1;
            return found;
        }
        for (;;) {
            if (this.text[this.at] !== '"') {
                throw this.error("Expecting property name enclosed in double quotes", this.at);
            }
            const key = this.string();
            this.skipSpace();
            if (this.text[this.at] !== ":") throw this.error("Expecting ':' delimiter", this.at);
            this.at += 1;
            this.skipSpace();
            found.set(key, this.value(depth));
            this.skipSpace();
            const next = this.text[this.at];
            if (next !== "}" && next !== ",") throw this.error("Expecting ',' delimiter", this.at);
            this.at += 1;
            if (next === "}") return found;
            this.skipSpace();
        }
    }

    private array(depth: number): PyValue[] {
        const found: PyValue[] = [];
        this.skipSpace();
        if (this.text[this.at] === "]") {
            this.at += 1;
            return found;
        }
        for (;;) {
            found.push(this.value(depth));
            this.skipSpace();
            const next = this.text[this.at];
            if (next !== "]" && next !== ",") throw this.error("Expecting ',' delimiter", this.at);
            this.at += 1;
            if (next === "]") return found;
            this.skipSpace();
        }
    }

    private string(): string {
        const start = this.at;
        this.at += 1;
        let out = "";
        for (;;) {
            out += (this.match(PLAIN) as RegExpExecArray)[0];
            const char = this.text[this.at];
            if (char === '"') {
                this.at += 1;
                return out;
            }
            if (char === undefined) throw this.error("Unterminated string starting at", start);
            if (char !== "\\") throw this.error("Invalid control character at", this.at);
            const letter = this.text[this.at + 1];
            if (letter === undefined) throw this.error("Unterminated string starting at", start);
            if (letter !== "u") {
                const meant = ESCAPES[letter];
                if (meant === undefined) throw this.error("Invalid \\escape", this.at);
                out += meant;
                this.at += 2;
                continue;
            }
            const hex = this.text.slice(this.at + 2, this.at + 6);
            // The C scanner needs at least one character after the four digits of \uXXXX, for example the closing quote.
            if (!/^[0-9a-fA-F]{4}$/.test(hex) || this.at + 6 >= this.text.length) {
                throw this.error("Invalid \\uXXXX escape", this.at + 1);
            }
            out += String.fromCharCode(parseInt(hex, 16));
            this.at += 6;
        }
    }
}

const WORDS: [string, PyValue][] = [
    ["null", null],
    ["true", true],
    ["false", false],
    ["NaN", NaN],
    ["Infinity", Infinity],
    ["-Infinity", -Infinity],
];

/** `json.dumps(value)` for Alpa's answers: ASCII only, with a space after every comma and colon. */
export function dumps(value: string | number | (string | number | object)[] | object): string {
    if (typeof value === "string") {
        // Characters up to U+007F stay as JSON.stringify writes them, as in Python. All others are escaped.
        return JSON.stringify(value).replace(
            /[\u0080-\uffff]/g,
            (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
    }
    if (typeof value === "number") return String(value);
    if (Array.isArray(value)) return `[${value.map((item) => dumps(item)).join(", ")}]`;
    return `{${Object.entries(value)
        .map(([key, item]) => `${dumps(key)}: ${dumps(item)}`)
        .join(", ")}}`;
}
