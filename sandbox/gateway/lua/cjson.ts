/**
 * Reads JSON as OpenResty's lua-cjson does. It accepts more than the standard (hex, leading zeros, NaN, Infinity; a NUL ends
 * the text), and has its own error messages. Strings have one byte per character, so bytes that are not UTF-8 stay unchanged.
 */
/** Deepest allowed nesting: lua-cjson's default. */
const MAX_DEPTH = 1000;

export class CjsonError extends Error {}

type Token = { type: string; at: number; value?: unknown };

const STRUCTURE: Record<string, string> = {
    "{": "T_OBJ_BEGIN",
    "}": "T_OBJ_END",
    "[": "T_ARR_BEGIN",
    "]": "T_ARR_END",
    ",": "T_COMMA",
    ":": "T_COLON",
};
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

/** Decodes a JSON text. Objects in the result have no prototype, so a key such as `__proto__` is ordinary data. */
export function decodeJson(text: string): unknown {
    if (text.length >= 2 && (text[0] === "\0" || text[1] === "\0"))
        throw new CjsonError("JSON parser does not support UTF-16 or UTF-32");
    return new Decoder(text).whole();
}

/** Matches a part of a string that has no escapes. */
const PLAIN = /[^"\\\0]+/y;

class Decoder {
    private at = 0;
    private depth = 0;

    constructor(private readonly text: string) {}

    whole(): unknown {
        const result = this.value(this.next());
        const end = this.next();
        if (end.type !== "T_END") this.fail("the end", end);
        return result;
    }

    private fail(expected: string, token: Token): never {
        const found = token.type === "T_ERROR" ? String(token.value) : token.type;
        throw new CjsonError(`Expected ${expected} but found ${found} at character ${token.at + 1}`);
    }

    private next(): Token {
        while (this.at < this.text.length && " \t\n\r".includes(this.text[this.at])) this.at++;
        const start = this.at;
        const ch = this.text[this.at];
        if (ch === undefined || ch === "\0") return { type: "T_END", at: start };
        if (STRUCTURE[ch]) {
            this.at++;
            return { type: STRUCTURE[ch], at: start };
        }
        if (ch === '"') return this.string();
        const rest = this.text.slice(this.at, this.at + 400);
        if (/^[-0-9]/.test(rest) || /^(\+|[iI][nN][fF]|[nN][aA][nN])/.test(rest)) return this.number(rest, start);
        for (const [word, type, value] of [
            ["true", "T_BOOLEAN", true],
            ["false", "T_BOOLEAN", false],
            ["null", "T_NULL", null],
        ] as const) {
            if (!rest.startsWith(word)) continue;
            this.at += word.length;
            return { type, at: start, value };
        }
        return { type: "T_ERROR", at: start, value: "invalid token" };
    }

    private number(rest: string, start: number): Token {
        const whole = /^[+-]?\d+/.exec(rest);
        if (whole && !/^[.eEx]/.test(rest.slice(whole[0].length))) {
            this.at += whole[0].length;
            // lua-cjson's integers have 64 bits. A number above their range becomes the largest integer, a number below
            // it the smallest.
            const big = BigInt(whole[0].replace("+", ""));
            const [low, high] = [-(2n ** 63n), 2n ** 63n - 1n];
            return { type: "T_INTEGER", at: start, value: Number(big < low ? low : big > high ? high : big) };
        }
        const match =
            /^[+-]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|(?:inf(?:inity)?|nan)|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/i.exec(
                rest,
            );
        if (!match) return { type: "T_ERROR", at: start, value: "invalid number" };
        this.at += match[0].length;
        return { type: "T_NUMBER", at: start, value: strtod(match[0]) };
    }

    private string(): Token {
        const start = this.at++;
        let out = "";
        for (;;) {
            const ch = this.text[this.at];
            if (ch === undefined || ch === "\0")
                return { type: "T_ERROR", at: this.at, value: "unexpected end of string" };
            if (ch === '"') break;
            if (ch !== "\\") {
                PLAIN.lastIndex = this.at;
                const run = PLAIN.exec(this.text)?.[0] ?? ch;
                out += run;
                this.at += run.length;
                continue;
            }
            const code = this.text[this.at + 1];
            if (code === "u") {
                const decoded = this.unicode();
                if (decoded === undefined)
                    return { type: "T_ERROR", at: this.at, value: "invalid unicode escape code" };
                out += decoded;
            } else if (code !== undefined && ESCAPES[code] !== undefined) {
                out += ESCAPES[code];
                this.at += 2;
            } else return { type: "T_ERROR", at: this.at, value: "invalid escape code" };
        }
        this.at++;
        return { type: "T_STRING", at: start, value: out };
    }

    /**
     * Reads `\u` with four hex digits, or two such escapes that form a surrogate pair. @returns UTF-8 bytes as a string of
     * one character per byte; undefined if the escape is invalid
     */
    private unicode(): string | undefined {
        const match = /^\\u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?/.exec(
            this.text.slice(this.at, this.at + 12),
        );
        if (!match) return undefined;
        let code = parseInt(match[1], 16);
        let used = 6;
        if ((code & 0xf800) === 0xd800) {
            if (code & 0x400 || match[2] === undefined) return undefined; // a lone surrogate
            code = ((code & 0x3ff) << 10) + (parseInt(match[2], 16) & 0x3ff) + 0x10000;
            used = 12;
        }
        this.at += used;
        return Buffer.from(String.fromCodePoint(code), "utf8").toString("latin1");
    }

    private descend(): void {
        if (++this.depth > MAX_DEPTH)
            throw new CjsonError(`Found too many nested data structures (${this.depth}) at character ${this.at}`);
    }

    private value(token: Token): unknown {
        switch (token.type) {
            case "T_STRING":
            case "T_NUMBER":
            case "T_INTEGER":
            case "T_BOOLEAN":
            case "T_NULL":
                return token.value;
            case "T_OBJ_BEGIN":
                return this.object();
            case "T_ARR_BEGIN":
                return this.array();
            default:
                return this.fail("value", token);
        }
    }

    private object(): unknown {
        this.descend();
        const out: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
        let token = this.next();
        if (token.type === "T_OBJ_END") {
            this.depth--;
            return out;
        }
        for (;;) {
            if (token.type !== "T_STRING") this.fail("object key string", token);
            const key = token.value as string;
            token = this.next();
            if (token.type !== "T_COLON") this.fail("colon", token);
            out[key] = this.value(this.next());
            token = this.next();
            if (token.type === "T_OBJ_END") break;
            if (token.type !== "T_COMMA") this.fail("comma or object end", token);
            token = this.next();
        }
        this.depth--;
        return out;
    }

    private array(): unknown {
        this.descend();
        const out: unknown[] = [];
        let token = this.next();
        if (token.type === "T_ARR_END") {
            this.depth--;
            return out;
        }
        for (;;) {
            out.push(this.value(token));
            token = this.next();
            if (token.type === "T_ARR_END") break;
            if (token.type !== "T_COMMA") this.fail("comma or array end", token);
            token = this.next();
        }
        this.depth--;
        return out;
    }
}

/** C's strtod for the formats that the tokenizer accepts. */
function strtod(text: string): number {
    const sign = text.startsWith("-") ? -1 : 1;
    const body = text.replace(/^[+-]/, "").toLowerCase();
    if (body.startsWith("inf")) return sign * Infinity;
    if (body.startsWith("nan")) return NaN;
    if (!body.startsWith("0x")) return sign * Number(body);
    const [mantissa, power] = body.slice(2).split("p");
    const [whole, fraction = ""] = mantissa.split(".");
    return sign * (parseInt(whole + fraction, 16) / 16 ** fraction.length) * 2 ** Number(power ?? 0);
}
