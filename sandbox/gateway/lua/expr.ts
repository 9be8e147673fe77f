/** Compiles the conditions of `vars`, `_meta.filter` and workflow, and evaluates them as lua-resty-expr does. */
import { isIP, BlockList } from "node:net";
import { bytes } from "../http/headers";
import { compilePcre } from "./pcre";

/** A value of ctx.var. `null` and objects are those of a JSON body. */
export type VarValue = string | number | boolean | null | object | undefined;
/** Returns the value of a variable; undefined if the variable has no value. */
type VarLookup = (name: string) => VarValue;
export type Condition = (lookup: VarLookup) => boolean;

type Compiled = { condition: Condition } | { error: string };

const LOGIC = ["OR", "!OR", "AND", "!AND"];

/** Texts that Lua's tonumber reads. Unsupported: hexadecimal fractions, binary numbers, infinity. */
const NUMBER = /^[ \t-\r]*([+-]?)(0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)[ \t-\r]*$/i;

const asNumber = (value: unknown): number | undefined => {
    if (typeof value === "number") return value;
    const [, sign, digits] = (typeof value === "string" && NUMBER.exec(value)) || [];
    return digits === undefined ? undefined : Number(digits) * (sign === "-" ? -1 : 1);
};

const ordered = (test: (a: number, b: number) => boolean) => (left: VarValue, right: unknown) => {
    const [a, b] = [asNumber(left), asNumber(right)];
    return a !== undefined && b !== undefined && test(a, b);
};

const equal = (left: VarValue, right: unknown) => {
    if (right === null) return left === undefined;
    if (typeof right === "number") return asNumber(left) === right;
    return left === (typeof right === "string" ? bytes(right) : right);
};

function inNetworks(left: VarValue, right: unknown): boolean {
    return typeof left === "string" && matchesNetwork(left, (Array.isArray(right) ? right : [right]).map(String));
}

/** Whether an address is one of the given addresses, or in one of the given networks (CIDR). */
export function matchesNetwork(address: string, networks: readonly string[]): boolean {
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (isIP(address) === 0) return false;
    return networks.some((network) => {
        const [base, prefix] = network.split("/");
        const kind = isIP(base);
        if (kind === 0) return false;
        const list = new BlockList();
        if (prefix === undefined) list.addAddress(base, kind === 6 ? "ipv6" : "ipv4");
        else list.addSubnet(base, Number(prefix), kind === 6 ? "ipv6" : "ipv4");
        return list.check(address, family);
    });
}

type Compare = (left: VarValue, right: unknown) => boolean;

const OPERATORS: Record<string, Compare> = {
    "==": equal,
    "~=": (left, right) => !equal(left, right),
    ">": ordered((a, b) => a > b),
    ">=": ordered((a, b) => a >= b),
    "<": ordered((a, b) => a < b),
    "<=": ordered((a, b) => a <= b),
    // The operator `in` treats a number and a string as different, even if the string is the number in digits. `==` treats
    // them as equal.
    in: (left, right) =>
        Array.isArray(right) &&
        left !== undefined &&
        right.some((r) => left === (typeof r === "string" ? bytes(r) : r)),
    has: () => false, // `has` searches a list, and no variable of the emulator is a list
    ipmatch: inNetworks,
};

/** Compiles a condition. The error messages are those of the Admin API. */
export function compileExpr(rules: unknown): Compiled {
    if (!Array.isArray(rules)) return { error: "missing argument rule" };
    if (rules.length === 0) return { condition: () => true };
    if (!Array.isArray(rules[0]) && !LOGIC.includes(String(rules[0]).toUpperCase()))
        return { error: "rule should be wrapped inside brackets" };
    return compileRules(rules);
}

function compileRules(rules: unknown): Compiled {
    if (!Array.isArray(rules) || rules.length === 0) return { error: "rule too short" };
    const first: unknown = rules[0];
    const logic = typeof first === "string" ? first.toUpperCase() : "";
    if (!Array.isArray(first) && !LOGIC.includes(logic)) return compileComparison(rules);

    const parts = Array.isArray(first) ? rules : rules.slice(1);
    if (!Array.isArray(first) && rules.length <= 2) return { error: "rule too short" };
    const conditions: Condition[] = [];
    for (const part of parts) {
        const compiled = compileRules(part);
        if ("error" in compiled) return compiled;
        conditions.push(compiled.condition);
    }
    const negate = logic.startsWith("!");
    const any = logic.endsWith("OR");
    return {
        condition: (lookup) =>
            negate !== (any ? conditions.some((c) => c(lookup)) : conditions.every((c) => c(lookup))),
    };
}

function compileComparison(expr: unknown[]): Compiled {
    const reverse = expr.length === 4;
    if (reverse && expr[1] !== "!") return { error: "bad 'not' expression" };
    const left = expr[0];
    let operator: unknown = reverse ? expr[2] : expr[1];
    let right = reverse ? expr[3] : expr[2];
    if (typeof operator === "string") operator = operator.toLowerCase();
    if (right === undefined && !comparison(String(operator), "")) {
        if (operator === undefined) return { error: "invalid expression" };
        right = reverse ? expr[2] : expr[1]; // ["name", "value"] means equality
        operator = "==";
    }
    if (left === undefined || operator === undefined) return { error: "invalid expression" };
    const compare = comparison(String(operator), right);
    if (!compare) return { error: `invalid operator '${String(operator)}'` };
    return { condition: (lookup) => compare(lookup(String(left)), right) !== reverse };
}

/**
 * Returns undefined for an unknown operator. Compiles regular expressions at once, so that an unsupported one is
 * reported when the object is written.
 */
function comparison(operator: string, right: unknown): Compare | undefined {
    if (operator === "~~" || operator === "~*") {
        const regex = compilePcre(bytes(String(right)), operator === "~*" ? "joi" : "jo");
        return (left) => left !== undefined && (regex?.test(String(left)) ?? false);
    }
    return Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
}
