import type { Resource } from "../../resources/resource";
import { at, list, number, UNKNOWN } from "../../resources/values";
import { everyRequest, hasUnknownPlugin, isNowhere, rulesOf, type RouteRule } from "../../resources/routes";
import type { Rule } from "../rule";

export const alpaGuarded: Rule = {
    name: "alpa-guarded",
    title: "Requests that can stop Alpa are rejected before they reach it.",
    reason: "One request with fields that Alpa does not expect ends its batch loop: every caller's next request hangs, although Alpa's port stays open.",
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixRoute",
        inputs: {
            kind: "ApisixRoute",
            spec: { http: [{ name: "a", plugins: [{ name: "request-validation", enable: false }] }] },
        },
    },
    check: (resource: Resource) =>
        rulesOf(resource)
            .filter((rule) => !isNowhere(rule) && !hasUnknownPlugin(rule))
            .flatMap((rule) => [...size(rule), ...body(rule)]),
};

function size(rule: RouteRule): string[] {
    const most = everyRequest(rule)
        .filter(({ name }) => name === "client-control")
        .map(({ config }) => config.max_body_size);
    if (most.some((bytes) => bytes === UNKNOWN || number(bytes) > 0)) return [];
    return [
        `${rule.where}.plugins: must have client-control with max_body_size (bytes, above 0) for every request. Add it.`,
    ];
}

function body(rule: RouteRule): string[] {
    const guard = everyRequest(rule).find(({ name }) => name === "request-validation");
    if (guard === undefined)
        return [
            `${rule.where}.plugins: must have request-validation, enabled and for every request. Add it. To turn the guard off for a time, add an exception to policy/exceptions.yaml.`,
        ];
    const { where, config } = guard;
    const requires = (schema: string, ...fields: string[]) => {
        const required = at(config, `${schema}.required`);
        if (
            required === UNKNOWN ||
            fields.every((field) => list(required).some((one) => one === UNKNOWN || one === field))
        )
            return [];
        return [
            `${where}.config.${schema}: must require ${fields.join(" and ")}. Use the schema that this project's request guard renders.`,
        ];
    };
    return [...requires("header_schema", "content-type"), ...requires("body_schema", "prompt")];
}
