/** Compiles the conditions of `vars`, `_meta.filter` and workflow, as lua-resty-expr evaluates them. */
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";
import { compilePcre } from "./pcre";

/** A value of ctx.var. `null` and objects are those of a JSON body. */
export type VarValue = string | number | boolean | null | object | undefined;
/** @param lookup returns the value of a variable; undefined if the variable has no value */
export type Condition = (lookup: (name: string) => VarValue) => boolean;

/** Texts that Lua's tonumber reads. Unsupported: hexadecimal fractions, binary numbers, infinity. */
const NUMBER = /^[ \t-\r]*([+-]?)(0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)[ \t-\r]*$/i;

/** The number that a value stands for; NaN if there is none. */
const asNumber = (value: unknown): number => {
    if (typeof value === "number") return value;
    const [, sign, digits] = (typeof value === "string" && NUMBER.exec(value)) || [];
    return Number(digits ?? NaN) * (sign === "-" ? -1 : 1);
};
const same = (left: VarValue, right: unknown) => left === (typeof right === "string" ? bytes(right) : right);
const equal = (left: VarValue, right: unknown) =>
    typeof right === "number" ? asNumber(left) === right : same(left, right);

const OPERATORS: Record<string, (left: VarValue, right: unknown) => boolean> = {
    "==": equal,
    "~=": (left, right) => !equal(left, right),
    ">=": (left, right) => asNumber(left) >= asNumber(right),
    "<=": (left, right) => asNumber(left) <= asNumber(right),
    // Unlike `==`, `in` never takes a text for a number.
    in: (left, right) => Array.isArray(right) && left !== undefined && right.some((one) => same(left, one)),
};

/** @param rules conditions, of which all must be true @throws Unsupported */
export function compileExpr(rules: unknown): Condition {
    if (!Array.isArray(rules)) throw new Unsupported(`the condition ${JSON.stringify(rules)}`);
    const every = (rules as unknown[]).map(compileRule);
    return (lookup) => every.every((condition) => condition(lookup));
}

function compileRule(rule: unknown): Condition {
    const [left, ...rest] = Array.isArray(rule) ? (rule as unknown[]) : [];
    if (left === "AND") return compileExpr(rest);
    if (left === "OR") {
        const some = rest.map(compileRule);
        return (lookup) => some.some((condition) => condition(lookup));
    }
    const reverse = rest[0] === "!";
    const [operator, right] = (reverse ? rest.slice(1) : rest) as [string, unknown];
    const regex = operator === "~~" ? compilePcre(String(right)) : undefined;
    const compare = regex ? (value: VarValue) => value !== undefined && regex.test(String(value)) : OPERATORS[operator];
    if (typeof left !== "string" || !compare || right === null)
        throw new Unsupported(`the condition ${JSON.stringify(rule)}`);
    return (lookup) => compare(lookup(left), right) !== reverse;
}
