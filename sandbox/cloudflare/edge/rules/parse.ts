/**
 * Parses rule expressions of the WAF: fields, literals, comparisons, `and`, `or`, `not`, `any()` and `all()` over `[*]`, and a
 * few functions. Facts: documentation of Cloudflare's Rules language (2026). For other parts of the language, the error names
 * the unsupported part.
 */
import { Unsupported } from "../types";

export type Operand =
    | { kind: "field"; name: string }
    /** `http.request.headers["x"]`, with an `index` that is a number or `*`. Without `index`, the list of all values. */
    | { kind: "header"; name: string; index?: number | "*" }
    | { kind: "call"; name: "lower" | "upper" | "len" | "starts_with" | "ends_with"; args: Operand[] }
    | { kind: "literal"; value: string | number };

export type Expression =
    | { kind: "constant"; value: boolean }
    | { kind: "not"; of: Expression }
    | { kind: "and" | "or"; left: Expression; right: Expression }
    | { kind: "any" | "all"; of: Expression }
    | { kind: "truthy"; of: Operand }
    | { kind: "compare"; operator: string; left: Operand; right: (string | number)[] };

const TOKEN =
    /\s*(?:("(?:[^"\\]|\\.)*")|(&&|\|\||==|!=|<=|>=|[<>~!(){}[\],*])|(\d+(?:\.\d+){3}(?:\/\d+)?|[0-9a-f]*:[0-9a-f:]+(?:\/\d+)?|\d+)|([a-z_][a-z0-9_.]*))/giy;
const COMPARISONS: Record<string, string> = {
    "==": "eq",
    "!=": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "~": "matches",
};
const OPERATORS = ["eq", "ne", "lt", "le", "gt", "ge", "contains", "matches", "in"];
/** Valid operators that the emulator does not support. Without this list, they would be reported as invalid. */
const REAL_OPERATORS = ["wildcard", "strict", "xor"];
const FUNCTIONS = ["lower", "upper", "len", "starts_with", "ends_with"];

/** Thrown for an operator that Cloudflare's language has, but that the emulator does not support. */
export class RealOperator extends Unsupported {}

export function parseExpression(text: string): Expression {
    return new Parser(text).whole();
}

class Parser {
    private readonly tokens: string[] = [];
    private at = 0;

    constructor(private readonly text: string) {
        TOKEN.lastIndex = 0;
        for (let end = 0; end < text.trimEnd().length; end = TOKEN.lastIndex) {
            const match = TOKEN.exec(text);
            if (!match) throw this.lacking(`at "${text.slice(end, end + 20)}"`);
            this.tokens.push(match[0].trim());
        }
    }

    whole(): Expression {
        const expression = this.or();
        this.refuseReal();
        if (this.at < this.tokens.length) throw this.lacking(`"${this.tokens[this.at]}"`);
        return expression;
    }

    private or(): Expression {
        let left = this.and();
        while (this.take("or", "||")) left = { kind: "or", left, right: this.and() };
        return left;
    }
    private and(): Expression {
        let left = this.not();
        while (this.take("and", "&&")) left = { kind: "and", left, right: this.not() };
        return left;
    }
    private not(): Expression {
        if (this.take("not", "!")) return { kind: "not", of: this.not() };
        if (this.take("(")) {
            const inside = this.or();
            this.expect(")");
            return inside;
        }
        if (this.take("true")) return { kind: "constant", value: true };
        if (this.take("false")) return { kind: "constant", value: false };
        const loop = this.take("any", "all");
        if (loop) {
            this.expect("(");
            const of = this.or();
            this.expect(")");
            return { kind: loop as "any" | "all", of };
        }
        return this.comparison();
    }

    private comparison(): Expression {
        const left = this.operand();
        const word = this.tokens[this.at] ?? "";
        this.refuseReal();
        const operator = COMPARISONS[word] ?? word;
        if (!OPERATORS.includes(operator)) return { kind: "truthy", of: left };
        this.at++;
        if (operator !== "in") return { kind: "compare", operator, left, right: [this.literalFor(left)] };
        this.expect("{");
        const right: (string | number)[] = [];
        while (!this.take("}")) right.push(this.literalFor(left));
        return { kind: "compare", operator, left, right };
    }

    private operand(): Operand {
        const word = this.tokens[this.at++] ?? "";
        if (FUNCTIONS.includes(word)) {
            this.expect("(");
            const args = [this.operand()];
            while (this.take(",")) args.push(this.operand());
            this.expect(")");
            return { kind: "call", name: word as "lower", args };
        }
        if (word.startsWith('"') || /^\d/.test(word)) {
            this.at--;
            return { kind: "literal", value: this.literal() };
        }
        if (!/^[a-z]/i.test(word)) throw this.lacking(`"${word}"`);
        if (word !== "http.request.headers") return { kind: "field", name: word };
        this.expect("[");
        const name = String(this.literal());
        this.expect("]");
        if (!this.take("[")) return { kind: "header", name };
        const index = this.take("*") ? ("*" as const) : Number(this.literal());
        this.expect("]");
        return { kind: "header", name, index };
    }

    /**
     * Reads the literal on the right of a comparison. The literal must have the type of the left operand. Only texts are
     * quoted.
     */
    private literalFor(left: Operand): string | number {
        const word = this.tokens[this.at] ?? "";
        const value = this.literal();
        const is = word.startsWith('"') ? "text" : typeof value === "number" ? "number" : "address";
        const should = typeOf(left);
        if (should !== undefined && is !== should)
            throw this.lacking(`expected a value of type ${should}, but found the ${is} ${word}`);
        return value;
    }

    private literal(): string | number {
        const word = this.tokens[this.at++] ?? "";
        if (word.startsWith('"')) return word.slice(1, -1).replace(/\\(["\\])/g, "$1");
        if (/^\d+$/.test(word)) return Number(word);
        if (/^[\da-f:./]+$/i.test(word) && /[.:]/.test(word)) return word;
        throw this.lacking(`"${word}"`);
    }

    private take(...words: string[]): string | undefined {
        return words.includes(this.tokens[this.at]) ? this.tokens[this.at++] : undefined;
    }
    private expect(word: string): void {
        if (!this.take(word))
            throw this.lacking(`expected "${word}", but found "${this.tokens[this.at] ?? "the end"}"`);
    }
    private refuseReal(): void {
        const word = this.tokens[this.at];
        if (!REAL_OPERATORS.includes(word)) return;
        const operator = word === "strict" ? `strict ${this.tokens[this.at + 1] ?? ""}` : word;
        throw new RealOperator(`the operator ${operator} in the expression ${this.text}`);
    }
    private lacking(what: string): Unsupported {
        return new Unsupported(`${what} in the expression ${this.text}`);
    }
}

/** Type of an operand; undefined for a field unknown to this file. */
function typeOf(operand: Operand): "text" | "number" | "address" | undefined {
    switch (operand.kind) {
        case "field":
            if (operand.name === "ip.src") return "address";
            return operand.name.startsWith("http.") ? "text" : undefined;
        case "header":
            return "text";
        case "call":
            return operand.name === "len" ? "number" : "text";
        case "literal":
            return undefined;
    }
}

/** Names of the fields that an expression reads. Every header is listed as `http.request.headers`. */
export function fieldsOf(expression: Expression): string[] {
    const inOperand = (operand: Operand): string[] => {
        if (operand.kind === "field") return [operand.name];
        if (operand.kind === "header") return ["http.request.headers"];
        return operand.kind === "call" ? operand.args.flatMap(inOperand) : [];
    };
    switch (expression.kind) {
        case "constant":
            return [];
        case "not":
        case "any":
        case "all":
            return fieldsOf(expression.of);
        case "and":
        case "or":
            return [...fieldsOf(expression.left), ...fieldsOf(expression.right)];
        case "truthy":
            return inOperand(expression.of);
        case "compare":
            return inOperand(expression.left);
    }
}
