/**
 * Evaluates rule expressions. Facts: header names are in lower case, so a name with capitals in an expression matches no
 * header; `matches` takes a regular expression; a comparison with a missing header is false.
 */
import { inRange, isRange } from "../access/policies";
import { compile } from "../../re2";
import { Unsupported, values, type EdgeRequest } from "../types";
import { fieldsOf, parseExpression, type Expression, type Operand } from "./parse";

type Value = string | number | boolean | undefined;

const FIELDS: Record<string, (request: EdgeRequest) => Value> = {
    "http.host": (r) => r.hostname,
    "http.request.method": (r) => r.method,
    "http.request.uri": (r) => r.target,
    "http.request.uri.path": (r) => r.path,
    "http.request.uri.query": (r) => r.query,
    "http.request.full_uri": (r) => `https://${r.hostname}${r.target}`,
    "http.user_agent": (r) => values(r.headers, "user-agent")[0] ?? "",
    "http.referer": (r) => values(r.headers, "referer")[0] ?? "",
    "ip.src": (r) => r.ip,
    "cf.colo.id": () => 1, // one data center
    "cf.client.bot": () => false,
    "cf.bot_management.verified_bot": () => false,
    ssl: () => true,
};

/** Parses an expression. Checks all fields and values at once, so that an error is reported before any request. */
export function readExpression(text: string): Expression {
    const expression = parseExpression(text);
    const unknown = fieldsOf(expression).find((name) => name !== "http.request.headers" && !(name in FIELDS));
    if (unknown) throw new Unsupported(`the field ${unknown}`);
    checkValues(expression);
    return expression;
}

const BOOLEANS = ["ssl", "cf.client.bot", "cf.bot_management.verified_bot"];
const isYesOrNo = (operand: Operand): boolean =>
    (operand.kind === "field" && BOOLEANS.includes(operand.name)) ||
    (operand.kind === "call" && ["starts_with", "ends_with"].includes(operand.name));

/**
 * Checks that patterns are valid, that addresses are compared with addresses, and that a value without a comparison is a
 * boolean.
 */
function checkValues(expression: Expression): void {
    switch (expression.kind) {
        case "and":
        case "or":
            return [expression.left, expression.right].forEach(checkValues);
        case "not":
        case "any":
        case "all":
            return checkValues(expression.of);
        case "truthy":
            if (!isYesOrNo(expression.of))
                throw new Unsupported("a value that is neither a boolean nor part of a comparison");
            return;
        case "compare": {
            const { left, operator, right } = expression;
            if (operator === "matches") compile(String(right[0]));
            const wrong = isAddress(left) ? right.find((value) => !isRange(String(value))) : undefined;
            if (wrong !== undefined) throw new Unsupported(`ip.src ${operator} ${JSON.stringify(wrong)}`);
        }
    }
}

export function evaluate(expression: Expression, request: EdgeRequest): boolean {
    switch (expression.kind) {
        case "constant":
            return expression.value;
        case "not":
            return !evaluate(expression.of, request);
        case "and":
            return evaluate(expression.left, request) && evaluate(expression.right, request);
        case "or":
            return evaluate(expression.left, request) || evaluate(expression.right, request);
        case "any":
        case "all": {
            const each = spread(expression.of, request);
            return expression.kind === "any" ? each.some(Boolean) : each.every(Boolean);
        }
        case "truthy":
            return valueOf(expression.of, request) === true;
        case "compare": {
            const { left } = expression;
            if (left.kind === "header" && left.index === "*") throw new Unsupported("[*] outside of any() and all()");
            return compare(valueOf(left, request), expression.operator, expression.right, isAddress(left));
        }
    }
}

/** Returns the value of an operand. The `characteristics` of rate limits use it too. */
export function valueOf(operand: Operand, request: EdgeRequest): Value {
    switch (operand.kind) {
        case "literal":
            return operand.value;
        case "header":
            return values(request.headers, operand.name)[Number(operand.index ?? 0)];
        case "field": {
            const read = FIELDS[operand.name];
            if (!read) throw new Unsupported(`the field ${operand.name}`);
            return read(request);
        }
        case "call": {
            const [first, second] = operand.args.map((arg) => valueOf(arg, request));
            return call(operand.name, first, second);
        }
    }
}

function call(name: string, first: Value, second: Value): Value {
    const text = String(first ?? "");
    if (name === "lower") return text.toLowerCase();
    if (name === "upper") return text.toUpperCase();
    if (name === "len") return Buffer.byteLength(text);
    return name === "starts_with" ? text.startsWith(String(second)) : text.endsWith(String(second));
}

/** Evaluates a comparison with `[*]`: one result for each value of the header. */
function spread(expression: Expression, request: EdgeRequest): boolean[] {
    if (expression.kind !== "compare" || expression.left.kind !== "header" || expression.left.index !== "*")
        throw new Unsupported("any() or all() with an argument other than a comparison of header values ([*])");
    const { left, operator, right } = expression;
    return values(request.headers, left.name).map((value) => compare(value, operator, right, false));
}

const isAddress = (operand: Operand): boolean => operand.kind === "field" && operand.name === "ip.src";

function compare(left: Value, operator: string, right: (string | number)[], address: boolean): boolean {
    if (left === undefined) return false;
    const equal = (value: string | number) => (address ? inRange(String(left), String(value)) : left === value);
    const [value] = right;
    switch (operator) {
        case "eq":
            return equal(value);
        case "ne":
            return !equal(value);
        case "in":
            return right.some(equal);
        case "contains":
            return String(left).includes(String(value));
        case "matches":
            return compile(String(value)).test(String(left));
        case "lt":
            return left < value;
        case "le":
            return left <= value;
        case "gt":
            return left > value;
        default:
            return left >= value;
    }
}
