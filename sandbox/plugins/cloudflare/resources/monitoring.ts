import { address, answers, both, computed, type Fields, optional, required, type ResourceType } from "../fields";

const HTTP: Fields = {
    method: optional("string", { default: "GET" }),
    path: optional("string", { default: "/" }),
    port: optional("number", { default: 80 }),
    expectedCodes: optional({ list: "string" }),
    expectedBody: optional("string", { default: "" }),
    followRedirects: optional("boolean", { default: false }),
    allowInsecure: optional("boolean", { default: false }),
    header: optional({ map: { list: "string" } }),
};
const TCP: Fields = {
    method: optional("string", { default: "connection_established" }),
    port: optional("number", { default: 80 }),
};

export const healthcheck: ResourceType = {
    fields: {
        zoneId: address(),
        name: required("string"),
        address: required("string"),
        type: optional("string", { default: "HTTP" }),
        description: optional("string", { default: "" }),
        interval: optional("number", { default: 60 }),
        retries: optional("number", { default: 2 }),
        timeout: optional("number", { default: 5 }),
        consecutiveFails: optional("number", { default: 1 }),
        consecutiveSuccesses: optional("number", { default: 1 }),
        suspended: optional("boolean", { default: false }),
        checkRegions: both({ list: "string" }),
        httpConfig: both({ object: HTTP }),
        tcpConfig: both({ object: TCP }),
        ...answers("string", "status", "failureReason", "createdOn", "modifiedOn"),
    },
    calls: {
        create: "POST zones/{zoneId}/healthchecks",
        read: "GET zones/{zoneId}/healthchecks/{id}",
        update: "PUT zones/{zoneId}/healthchecks/{id}",
        remove: ["DELETE zones/{zoneId}/healthchecks/{id}"],
    },
    idName: "healthcheck_id",
    importParts: ["zoneId", "id"],
};

const texts = (wire: string) => optional({ set: "string" }, { wire });
const recipients = (wire: string) => optional({ set: { object: { id: optional("string") } } }, { wire });

export const notificationPolicy: ResourceType = {
    fields: {
        accountId: address(),
        name: required("string"),
        alertType: required("string"),
        mechanisms: required({
            object: {
                emails: recipients("email"),
                webhooks: recipients("webhooks"),
                pagerduties: recipients("pagerduty"),
            },
        }),
        enabled: optional("boolean", { default: true }),
        description: optional("string", { emptyIsNone: "if unset" }),
        alertInterval: optional("string", { emptyIsNone: "if unset" }),
        filters: both({
            object: {
                newStatuses: texts("new_status"),
                newHealths: texts("new_health"),
                healthCheckIds: texts("health_check_id"),
                tunnelIds: texts("tunnel_id"),
                tunnelNames: texts("tunnel_name"),
                statuses: texts("status"),
                zones: texts("zones"),
            },
        }),
        created: computed("string", { keeps: true }),
        modified: computed("string"),
    },
    calls: {
        create: "POST accounts/{accountId}/alerting/v3/policies",
        read: "GET accounts/{accountId}/alerting/v3/policies/{id}",
        update: "PUT accounts/{accountId}/alerting/v3/policies/{id}",
        remove: ["DELETE accounts/{accountId}/alerting/v3/policies/{id}"],
    },
    idName: "policy_id",
    importParts: ["accountId", "id"],
};
