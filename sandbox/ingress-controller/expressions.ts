// Translates `match.exprs` of an ApisixRoute to the `vars` of an APISIX route.
// Facts: apache/apisix-ingress-controller 2.0.1, api/v2/apisixroute_types.go.

import { Refusal } from "./objects";

export interface Expression {
    subject: { scope: string; name: string };
    op: string;
    set?: string[];
    value?: string;
}

const OPERATORS: Record<string, string[]> = {
    Equal: ["=="],
    NotEqual: ["~="],
    GreaterThan: [">"],
    GreaterThanEqual: [">="],
    LessThan: ["<"],
    LessThanEqual: ["<="],
    In: ["in"],
    NotIn: ["!", "in"],
    RegexMatch: ["~~"],
    RegexNotMatch: ["!", "~~"],
    RegexMatchCaseInsensitive: ["~*"],
    RegexNotMatchCaseInsensitive: ["!", "~*"],
};

/** Throws a Refusal for unknown expressions. @param index of the rule, for the message */
export function toVar({ subject, op, set, value }: Expression, index: number): unknown[] {
    const refuse = (what: string) => new Refusal("InvalidSpec", `.spec.http[${index}].match.exprs: ${what}`);
    if (subject.scope !== "Path" && subject.name === "") throw refuse("empty subject.name");
    const names: Record<string, string> = {
        Header: `http_${subject.name.toLowerCase().replaceAll("-", "_")}`,
        Query: `arg_${subject.name}`,
        Cookie: `cookie_${subject.name}`,
        Path: "uri",
        Variable: subject.name,
    };
    if (!(subject.scope in names)) throw refuse(`unknown subject.scope ${subject.scope}`);
    if (!(op in OPERATORS)) throw refuse(`unknown operator ${op}`);
    const operand = op === "In" || op === "NotIn" ? set : value;
    if (operand === undefined) throw refuse("neither set nor value is provided");
    return [names[subject.scope], ...OPERATORS[op], operand];
}
