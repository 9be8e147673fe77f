import { isObject, UNKNOWN, type Value, type Values } from "../../protocol";
import { exactlyOne, known, oneOf, together } from "../check";
import { address, answers, both, computed, type Fields, optional, required, type ResourceType, SCOPE } from "../fields";
import { sameValue } from "../plan";

export const serviceToken: ResourceType = {
    fields: {
        ...SCOPE,
        name: required("string"),
        duration: optional("string", { default: "8760h" }),
        clientSecretVersion: optional("number", { default: 1, noRefresh: "never" }),
        previousClientSecretExpiresAt: optional("string", { noRefresh: "never" }),
        enabled: both("boolean", { onlyIfGiven: true }),
        clientId: computed("string", { keeps: true }),
        clientSecret: computed("string", { keeps: true, secret: true, noRefresh: "never" }),
        expiresAt: computed("string"),
    },
    calls: {
        create: "POST {scope}/access/service_tokens",
        read: "GET {scope}/access/service_tokens/{id}",
        update: "PUT {scope}/access/service_tokens/{id}",
        remove: ["DELETE {scope}/access/service_tokens/{id}"],
    },
    idName: "service_token_id",
    importParts: ["scope", "id"],
    problems: (inputs) => [
        ...exactlyOne(inputs, "accountId", "zoneId"),
        ...together(
            inputs,
            ["clientSecretVersion", "client_secret_version"],
            ["previousClientSecretExpiresAt", "previous_client_secret_expires_at"],
        ),
    ],
    // The API rotates the secret only if the new version is greater. Otherwise the response has no secret, and the state
    // keeps the old secret without an error.
    adjust: (planned, _inputs, state) =>
        state && state.clientSecretVersion !== undefined && planned.clientSecretVersion !== state.clientSecretVersion
            ? { ...planned, clientSecret: UNKNOWN }
            : planned,
};

const text = (property: string): Fields => ({ [property]: required("string") });
/** A selector of an Access policy. Exactly one of the fields is set. */
const SELECTOR: Fields = {
    serviceToken: optional({ object: text("tokenId") }),
    anyValidServiceToken: optional({ object: {} }),
    everyone: optional({ object: {} }),
    certificate: optional({ object: {} }),
    ip: optional({ object: text("ip") }),
    ipList: optional({ object: text("id") }),
    group: optional({ object: text("id") }),
    email: optional({ object: text("email") }),
    emailDomain: optional({ object: text("domain") }),
    geo: optional({ object: text("countryCode") }),
    commonName: optional({ object: text("commonName") }),
    loginMethod: optional({ object: text("id") }),
};
const RULES: Fields = {
    includes: optional({ set: { object: SELECTOR } }, { wire: "include", emptyIsNone: "always" }),
    excludes: optional({ set: { object: SELECTOR } }, { wire: "exclude", emptyIsNone: "always" }),
    requires: optional({ set: { object: SELECTOR } }, { wire: "require", emptyIsNone: "always" }),
};
const DECISIONS = ["allow", "deny", "non_identity", "bypass"];
const flag = () => optional("boolean", { emptyIsNone: "if unset" });

export const policy: ResourceType = {
    fields: {
        accountId: address(),
        name: required("string"),
        decision: required("string"),
        ...RULES,
        sessionDuration: optional("string", { default: "24h" }),
        approvalRequired: flag(),
        isolationRequired: flag(),
        purposeJustificationRequired: flag(),
        purposeJustificationPrompt: optional("string", { emptyIsNone: "if unset" }),
        appCount: computed("number"),
        reusable: computed("boolean"),
        ...answers("string", "createdAt", "updatedAt"),
    },
    calls: {
        create: "POST accounts/{accountId}/access/policies",
        read: "GET accounts/{accountId}/access/policies/{id}",
        update: "PUT accounts/{accountId}/access/policies/{id}",
        remove: ["DELETE accounts/{accountId}/access/policies/{id}"],
    },
    idName: "policy_id",
    importParts: ["accountId", "id"],
    problems: (inputs) => oneOf(inputs, "decision", "decision", DECISIONS),
};

const APP_POLICY: Fields = {
    id: optional("string"),
    precedence: optional("number"),
    name: optional("string"),
    decision: optional("string"),
    ...RULES,
    reusable: computed("boolean"),
};
const DESTINATION: Fields = { type: optional("string", { default: "public" }), uri: optional("string") };
const SERVICE_AUTH_TYPES = ["self_hosted", "ssh", "vnc", "rdp", "mcp_portal"];
const listOfTexts = () => optional({ set: "string" }, { emptyIsNone: "if unset" });
const words = () => optional("string", { emptyIsNone: "if unset" });

export const application: ResourceType = {
    fields: {
        ...SCOPE,
        type: optional("string"),
        name: optional("string"),
        domain: both("string"),
        destinations: both({ list: { object: DESTINATION } }),
        selfHostedDomains: both({ set: "string" }),
        sessionDuration: optional("string", { default: "24h" }),
        policies: optional({ list: { object: APP_POLICY } }, { default: [] }),
        appLauncherVisible: optional("boolean", { default: true }),
        httpOnlyCookieAttribute: optional("boolean", { default: true }),
        readServiceTokensFromHeader: words(),
        serviceAuth401Redirect: optional("boolean", { wire: "service_auth_401_redirect", emptyIsNone: "if unset" }),
        enableBindingCookie: flag(),
        pathCookieAttribute: flag(),
        skipInterstitial: flag(),
        optionsPreflightBypass: flag(),
        autoRedirectToIdentity: flag(),
        allowAuthenticateViaWarp: flag(),
        sameSiteCookieAttribute: words(),
        customDenyMessage: words(),
        customDenyUrl: words(),
        customNonIdentityDenyUrl: words(),
        logoUrl: words(),
        allowedIdps: listOfTexts(),
        customPages: listOfTexts(),
        tags: listOfTexts(),
        aud: computed("string", { keeps: true }),
    },
    calls: {
        create: "POST {scope}/access/apps",
        read: "GET {scope}/access/apps/{id}",
        update: "PUT {scope}/access/apps/{id}",
        remove: ["DELETE {scope}/access/apps/{id}"],
    },
    idName: "app_id",
    importParts: ["scope", "id"],
    problems: (inputs) => [
        ...exactlyOne(inputs, "accountId", "zoneId"),
        ...(known(inputs.destinations) && known(inputs.selfHostedDomains)
            ? [{ property: "destinations", problem: "Only one of destinations and selfHostedDomains can be given" }]
            : []),
        ...["readServiceTokensFromHeader", "serviceAuth401Redirect"]
            .filter(
                (name) => known(inputs[name]) && known(inputs.type) && !SERVICE_AUTH_TYPES.includes(`${inputs.type}`),
            )
            .map((property) => ({
                property,
                problem: `${property} is allowed only with these application types: ${SERVICE_AUTH_TYPES.join(", ")}`,
            })),
        ...policyProblems(inputs.policies),
    ],
    adjust: (planned, inputs, state) => {
        const result: Values = { ...planned };
        if (Array.isArray(planned.policies)) result.policies = planned.policies.map(withPrecedence);
        // The API derives each of these three fields from the two remaining fields. If the program changes one field,
        // the fields that it does not set become unknown, because the API derives them again.
        const three = ["domain", "destinations", "selfHostedDomains"];
        const changed = three.some((name) => {
            const given = inputs[name];
            return state && known(given) && !sameValue(application.fields[name].type, state[name], given);
        });
        if (changed) for (const name of three) if (!known(inputs[name])) result[name] = UNKNOWN;
        return result;
    },
    adjustRead: (found) => ({
        ...found,
        policies: Array.isArray(found.policies) ? found.policies.map(shortPolicy) : found.policies,
    }),
};

function policyProblems(policies: Value | undefined) {
    const list = Array.isArray(policies) ? policies : [];
    return list.flatMap((element, index) => {
        if (!isObject(element)) return [];
        const inline = ["name", "decision", "includes"].filter((name) => element[name] !== undefined);
        const property = `policies[${index}]`;
        if (element.id !== undefined && inline.length > 0)
            return [{ property, problem: `${property}: must not have both id and ${inline.join(", ")}` }];
        return element.id === undefined && !(element.includes !== undefined && element.decision !== undefined)
            ? [{ property, problem: `${property}: must have either id, or decision and includes` }]
            : [];
    });
}

const withPrecedence = (element: Value, index: number): Value =>
    isObject(element) && element.precedence === undefined ? { ...element, precedence: index + 1 } : element;

/**
 * Reduces a policy in the API's response to the fields that programs set. For a reusable policy, the response contains
 * all fields of the policy, but programs set only its id and precedence.
 */
function shortPolicy(element: Value): Value {
    if (!isObject(element)) return element;
    const { id, precedence, reusable, ...inline } = element;
    if (reusable === true || element.includes === undefined) return { id, precedence };
    const filled = Object.entries(inline).filter(([, value]) => !(Array.isArray(value) && value.length === 0));
    return { ...Object.fromEntries(filled), precedence };
}
