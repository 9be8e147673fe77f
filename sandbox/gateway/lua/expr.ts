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

const asNumber = (value: unknown): number | undefined => {
    if (typeof value === "number") return value;
    const [, sign, digits] = (typeof value === "string" && NUMBER.exec(value)) || [];
    return digits === undefined ? undefined : Number(digits) * (sign === "-" ? -1 : 1);
};

type Compare = (left: VarValue, right: unknown) => boolean;

const ordered =
    (test: (a: number, b: number) => boolean): Compare =>
    (left, right) => {
        const [a, b] = [asNumber(left), asNumber(right)];
        return a !== undefined && b !== undefined && test(a, b);
    };
const same = (left: VarValue, right: unknown) => left === (typeof right === "string" ? bytes(right) : right);
const equal: Compare = (left, right) => (typeof right === "number" ? asNumber(left) === right : same(left, right));

const OPERATORS: Record<string, Compare> = {
    "==": equal,
    "~=": (left, right) => !equal(left, right),
    ">": ordered((a, b) => a > b),
    ">=": ordered((a, b) => a >= b),
    "<": ordered((a, b) => a < b),
    "<=": ordered((a, b) => a <= b),
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
    if (!Array.isArray(rule)) throw new Unsupported(`the condition ${JSON.stringify(rule)}`);
    const [first, ...rest] = rule as unknown[];
    if (first !== "OR") return first === "AND" ? compileExpr(rest) : comparison(rule as unknown[]);
    const some = rest.map(compileRule);
    return (lookup) => some.some((condition) => condition(lookup));
}

function comparison(rule: unknown[]): Condition {
    const [left, ...rest] = rule;
    const reverse = rest[0] === "!";
    const [operator, right] = (reverse ? rest.slice(1) : rest) as [string, unknown];
    const regex = operator === "~~" ? compilePcre(bytes(String(right))) : undefined;
    const compare: Compare | undefined = regex
        ? (value) => value !== undefined && regex.test(String(value))
        : Object.hasOwn(OPERATORS, operator)
          ? OPERATORS[operator]
          : undefined;
    if (typeof left !== "string" || !compare || right === null)
        throw new Unsupported(`the condition ${JSON.stringify(rule)}`);
    return (lookup) => compare(lookup(left), right) !== reverse;
}
