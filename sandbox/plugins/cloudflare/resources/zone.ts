import { answers, address, both, computed, optional, required, type ResourceType } from "../fields";
import { known, oneOf } from "../check";

const META = answers("boolean", "cdnOnly", "dnsOnly", "foundationDns", "phishingDetected");
const PLAN = {
    ...answers("string", "id", "name", "currency", "frequency", "legacyId"),
    ...answers("boolean", "isSubscribed", "canSubscribe", "externallyManaged", "legacyDiscount"),
    ...answers("number", "price"),
};

export const zone: ResourceType = {
    fields: {
        name: required("string", { replace: true }),
        account: required({ object: { id: optional("string"), name: computed("string") } }, { replace: true }),
        type: optional("string", { default: "full" }),
        paused: optional("boolean", { default: false }),
        vanityNameServers: both({ list: "string" }, { emptyIsNone: "always", onlyIfGiven: true }),
        ...answers("string", "status", "originalDnshost", "originalRegistrar", "verificationKey", "cnameSuffix"),
        ...answers("string", "activatedOn", "createdOn", "modifiedOn"),
        ...answers({ list: "string" }, "nameServers", "originalNameServers", "permissions"),
        developmentMode: computed("number"),
        meta: computed({
            object: { ...META, ...answers("number", "customCertificateQuota", "pageRuleQuota", "step") },
        }),
        owner: computed({ object: answers("string", "id", "name", "type") }),
        plan: computed({ object: PLAN }),
        tenant: computed({ object: answers("string", "id", "name") }),
        tenantUnit: computed({ object: answers("string", "id") }),
    },
    calls: {
        create: "POST zones",
        read: "GET zones/{id}",
        update: "PATCH zones/{id}",
        remove: ["DELETE zones/{id}"],
    },
    idName: "zone_id",
    importParts: ["id"],
    problems: (inputs) => oneOf(inputs, "type", "type", ["full", "partial", "secondary", "internal"]),
    // An empty list is treated as unset: it is not sent, and causes no difference.
    adjust: (planned) =>
        Array.isArray(planned.vanityNameServers) && planned.vanityNameServers.length === 0
            ? { ...planned, vanityNameServers: undefined }
            : planned,
};

export const zoneSetting: ResourceType = {
    fields: {
        zoneId: address(),
        settingId: address(),
        value: required("any"),
        enabled: both("boolean", { onlyIfGiven: true }),
        ...answers("boolean", "editable"),
        ...answers("string", "modifiedOn"),
        ...answers("number", "timeRemaining"),
    },
    calls: {
        create: "PATCH zones/{zoneId}/settings/{settingId}",
        read: "GET zones/{zoneId}/settings/{settingId}",
        update: "PATCH zones/{zoneId}/settings/{settingId}",
        // A removal sends no request: the setting stays unchanged.
    },
    idName: "setting_id",
    idIs: "settingId",
    importParts: ["zoneId", "settingId"],
    crash: (state) =>
        known(state.value) ? undefined : "value is missing in the state, because the last read returned no value",
};

export const zoneDnssec: ResourceType = {
    fields: {
        zoneId: address(),
        status: optional("string"),
        dnssecMultiSigner: optional("boolean"),
        dnssecPresigned: optional("boolean"),
        dnssecUseNsec3: optional("boolean", { wire: "dnssec_use_nsec3" }),
        ...answers("string", "algorithm", "digest", "digestAlgorithm", "digestType", "ds", "keyType", "publicKey"),
        ...answers("string", "modifiedOn"),
        ...answers("number", "flags", "keyTag"),
    },
    calls: {
        create: "PATCH zones/{zoneId}/dnssec",
        read: "GET zones/{zoneId}/dnssec",
        update: "PATCH zones/{zoneId}/dnssec",
        remove: ["PATCH zones/{zoneId}/dnssec", "DELETE zones/{zoneId}/dnssec"],
    },
    removeBody: { PATCH: { status: "disabled" } },
    idName: "zone_id",
    idIs: "zoneId",
    importParts: ["zoneId"],
    problems: (inputs) => oneOf(inputs, "status", "status", ["active", "disabled"]),
};
