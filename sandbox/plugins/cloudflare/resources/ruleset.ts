import { UNKNOWN } from "../../protocol";
import { exactlyOne, oneOf } from "../check";
import { answers, both, computed, type Fields, optional, required, type ResourceType, SCOPE } from "../fields";

const RESPONSE: Fields = {
    statusCode: required("number"),
    contentType: required("string"),
    content: required("string"),
};
/**
 * Parameters of an action: the response that `block` sends, and the rulesets, phases and products that `skip` skips.
 */
const ACTION_PARAMETERS: Fields = {
    response: optional({ object: RESPONSE }),
    ruleset: optional("string"),
    rulesets: optional({ list: "string" }),
    phases: optional({ list: "string" }),
    products: optional({ list: "string" }),
};
const RATELIMIT: Fields = {
    characteristics: required({ set: "string" }),
    period: required("number"),
    requestsPerPeriod: optional("number"),
    mitigationTimeout: optional("number"),
    countingExpression: optional("string"),
    requestsToOrigin: optional("boolean", { default: false }),
    scorePerPeriod: optional("number"),
    scoreResponseHeaderName: optional("string"),
};
const RULE: Fields = {
    action: required("string"),
    expression: required("string"),
    description: optional("string", { default: "" }),
    enabled: optional("boolean", { default: true }),
    actionParameters: optional({ object: ACTION_PARAMETERS }, { default: {} }),
    ratelimit: optional({ object: RATELIMIT }),
    logging: optional({ object: { enabled: required("boolean") } }),
    // The API sets `ref` if the program does not. `ref` identifies the rule in an update, because its id is never sent.
    ref: both("string"),
    id: computed("string"),
};
const HEX = /^[0-9a-f]{32}$/;

export const ruleset: ResourceType = {
    fields: {
        ...SCOPE,
        kind: required("string", { replace: true }),
        name: required("string", { replace: true }),
        phase: required("string", { replace: true }),
        description: optional("string", { default: "" }),
        rules: optional({ list: { object: RULE } }),
        version: computed("string"),
        ...answers("string", "lastUpdated"),
    },
    calls: {
        create: "POST {scope}/rulesets",
        read: "GET {scope}/rulesets/{id}",
        update: "PUT {scope}/rulesets/{id}",
        remove: ["DELETE {scope}/rulesets/{id}"],
    },
    idName: "ruleset_id",
    importParts: ["scope", "id"],
    problems: (inputs) => [
        ...exactlyOne(inputs, "accountId", "zoneId"),
        ...oneOf(inputs, "kind", "kind", ["managed", "custom", "root", "zone"]),
        ...["accountId", "zoneId"].flatMap((property) => {
            const value = inputs[property];
            if (typeof value !== "string" || value === UNKNOWN || HEX.test(value)) return [];
            return [{ property, problem: `Invalid Attribute Value Match. ${property} must match ${HEX.source}` }];
        }),
    ],
};
