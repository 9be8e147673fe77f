/** The resources that this project's components create, with the fields that they set or use. */
import { UNKNOWN, type Values } from "../protocol";
import { address, both, computed, each, optional, required, type Fields, type Json, type ResourceType } from "./fields";
import { Upload, type Answer } from "./http";

const zone: ResourceType = {
    fields: {
        name: required({ replace: true }),
        account: required({ type: { object: { id: required() } }, replace: true }),
        type: optional({ default: "full" }),
        paused: optional({ default: false }),
        nameServers: computed({ type: { list: "value" }, keeps: true }),
        ...each(computed, "status", "activatedOn", "modifiedOn"),
    },
    list: "zones",
    update: "PATCH",
    importParts: ["id"],
};

const zoneSetting: ResourceType = {
    fields: { zoneId: address(), settingId: address(), value: required() },
    ...{ list: "zones/{zoneId}/settings/{settingId}", create: "PATCH", update: "PATCH", idIs: "settingId" },
    remove: [], // the setting stays unchanged
};

const zoneDnssec: ResourceType = {
    fields: {
        zoneId: address(),
        status: optional(),
        ...each(optional, "dnssecMultiSigner", "dnssecPresigned"),
        dnssecUseNsec3: optional({ wire: "dnssec_use_nsec3" }),
        ...each(computed, "ds", "modifiedOn"),
    },
    ...{ list: "zones/{zoneId}/dnssec", create: "PATCH", update: "PATCH", idIs: "zoneId" },
    remove: [{ method: "PATCH", body: { status: "disabled" } }, { method: "DELETE" }],
};

const DATA = [
    ...["algorithm", "certificate", "digest", "digestType", "flags", "keyTag", "matchingType", "port", "priority"],
    ...["selector", "tag", "target", "usage", "value", "weight"],
];
const dnsRecord: ResourceType = {
    fields: {
        ...{ zoneId: address(), name: required(), type: required({ replace: true }), ttl: required() },
        ...{ content: both(), data: optional({ type: { object: each(optional, ...DATA) } }) },
        ...{ proxied: optional({ default: false }), priority: optional() },
        ...each(computed, "createdOn", "modifiedOn"),
    },
    list: "zones/{zoneId}/dns_records",
};

const tunnel: ResourceType = {
    fields: {
        ...{ accountId: address(), name: required() },
        configSrc: both({ replace: true, keptByRead: true }),
        ...each(computed, "status", "connsActiveAt", "createdAt"),
    },
    ...{ list: "accounts/{accountId}/cfd_tunnel", update: "PATCH", importParts: ["accountId", "id"] },
};

/** Options of cloudflared have the same name in the API. */
const ORIGIN_REQUEST: Fields = {
    access: optional({
        type: {
            object: {
                audTags: required({ type: { list: "value" }, wire: "audTag" }),
                ...{ teamName: required({ wire: "teamName" }), required: optional() },
            },
        },
    }),
    connectTimeout: optional({ wire: "connectTimeout" }),
};
const INGRESS: Fields = {
    ...{ service: required(), hostname: optional(), path: optional() },
    originRequest: optional({ type: { object: ORIGIN_REQUEST }, wire: "originRequest" }),
};
const tunnelConfig: ResourceType = {
    fields: {
        ...{ accountId: address(), tunnelId: address() },
        config: required({
            type: { object: { ingresses: required({ type: { list: { object: INGRESS } }, wire: "ingress" }) } },
        }),
        version: computed(),
    },
    ...{ list: "accounts/{accountId}/cfd_tunnel/{tunnelId}/configurations", create: "PUT", idIs: "tunnelId" },
    one: "accounts/{accountId}/cfd_tunnel/{tunnelId}/configurations",
    remove: [], // the configuration exists as long as the tunnel
};

const serviceToken: ResourceType = {
    fields: {
        ...{ accountId: address(), name: required(), duration: optional({ default: "8760h" }) },
        clientSecretVersion: optional({ default: 1, keptByRead: true }),
        previousClientSecretExpiresAt: optional({ keptByRead: true }),
        enabled: both(),
        clientId: computed({ keeps: true }),
        clientSecret: computed({ keeps: true, secret: true, keptByRead: true }),
        expiresAt: computed(),
    },
    list: "accounts/{accountId}/access/service_tokens",
    // The API rotates the secret only if the new version is greater. Otherwise the response has no secret, and the state keeps
    // the old secret without an error.
    adjust: (planned, state) =>
        planned.clientSecretVersion === state.clientSecretVersion ? planned : { ...planned, clientSecret: UNKNOWN },
};

/** A selector of an Access policy. Exactly one of the fields is set. */
const SELECTOR: Fields = {
    serviceToken: optional({ type: { object: { tokenId: required() } } }),
    anyValidServiceToken: optional({ type: { object: {} } }),
    everyone: optional({ type: { object: {} } }),
};
const selectors = (wire: string) => optional({ type: { set: { object: SELECTOR } }, wire });
const policy: ResourceType = {
    fields: {
        ...{ accountId: address(), name: required(), decision: required() },
        ...{ includes: selectors("include"), excludes: selectors("exclude"), requires: selectors("require") },
        sessionDuration: optional({ default: "24h" }),
        ...each(computed, "appCount", "updatedAt"),
    },
    list: "accounts/{accountId}/access/policies",
};

const application: ResourceType = {
    fields: {
        ...{ accountId: address(), type: optional(), name: optional(), domain: required() },
        destinations: required({ type: { list: { object: each(required, "type", "uri") } } }),
        policies: optional({ type: { list: { object: each(required, "id", "precedence") } }, default: [] }),
        sessionDuration: optional({ default: "24h" }),
        appLauncherVisible: optional({ default: true }),
        httpOnlyCookieAttribute: optional({ default: true }),
        serviceAuth401Redirect: optional({ wire: "service_auth_401_redirect" }),
        aud: computed({ keeps: true }),
    },
    list: "accounts/{accountId}/access/apps",
};

const RULE: Fields = {
    ...each(required, "action", "expression", "description", "enabled", "ref"),
    actionParameters: optional({
        type: {
            object: {
                response: optional({ type: { object: each(required, "statusCode", "contentType", "content") } }),
                products: optional({ type: { list: "value" } }),
            },
        },
    }),
    ratelimit: optional({
        type: {
            object: {
                characteristics: required({ type: { set: "value" } }),
                ...each(required, "period", "requestsPerPeriod", "mitigationTimeout"),
            },
        },
    }),
};
const ruleset: ResourceType = {
    fields: {
        zoneId: address(),
        ...{ kind: required({ replace: true }), name: required({ replace: true }), phase: required({ replace: true }) },
        rules: required({ type: { list: { object: RULE } } }),
    },
    list: "zones/{zoneId}/rulesets",
};

const notificationPolicy: ResourceType = {
    fields: {
        ...{ accountId: address(), name: required(), alertType: required(), enabled: optional({ default: true }) },
        mechanisms: required({
            type: {
                object: { emails: required({ type: { set: { object: { id: required() } } }, wire: "email" }) },
            },
        }),
    },
    list: "accounts/{accountId}/alerting/v3/policies",
};

const MODULE = "application/javascript+module";
const SCRIPT = "accounts/{accountId}/workers/scripts/{scriptName}";

/** A Worker with a single module. Facts: services/workers_script of terraform-provider-cloudflare 5.22.0. */
const workersScript: ResourceType = {
    fields: {
        ...{ accountId: address(), scriptName: address(), content: required() },
        ...{ mainModule: required({ keptByRead: true }), compatibilityDate: required() },
    },
    ...{ list: SCRIPT, one: SCRIPT, create: "PUT", idIs: "scriptName" },
    upload: ({ content, mainModule, compatibilityDate }: Values) => {
        const metadata = { compatibility_date: compatibilityDate, logpush: false, main_module: mainModule };
        return Upload.of(
            { disposition: `name="${mainModule}"; filename="${mainModule}"`, type: MODULE, text: String(content) },
            {
                ...{ disposition: 'name="metadata"', type: "application/json" },
                text: JSON.stringify({ ...metadata, usage_model: "standard" }),
            },
        );
    },
    read: {
        path: "accounts/{accountId}/workers/services/{scriptName}",
        all: async (_, get) => {
            const settings = JSON.parse((await get(`${SCRIPT}/settings`)).text) as { result: Json };
            return { ...settings.result, content: await firstPart(await get(`${SCRIPT}/content/v2`)) };
        },
    },
};

async function firstPart({ contentType, text }: Answer): Promise<string> {
    const form = await new Response(text, { headers: { "Content-Type": contentType } }).formData();
    const [[, part]] = [...form];
    return typeof part === "string" ? part : part.text();
}

const workersRoute: ResourceType = {
    fields: { zoneId: address(), pattern: required(), script: required() },
    list: "zones/{zoneId}/workers/routes",
};

/** The emulated resources, by type. */
export const RESOURCE_TYPES: Record<string, ResourceType> = Object.fromEntries(
    Object.entries({
        ...{ Zone: zone, ZoneSetting: zoneSetting, ZoneDnssec: zoneDnssec, DnsRecord: dnsRecord },
        ...{ ZeroTrustTunnelCloudflared: tunnel, ZeroTrustTunnelCloudflaredConfig: tunnelConfig },
        ...{ ZeroTrustAccessServiceToken: serviceToken, ZeroTrustAccessPolicy: policy },
        ...{ ZeroTrustAccessApplication: application, Ruleset: ruleset, NotificationPolicy: notificationPolicy },
        ...{ WorkersScript: workersScript, WorkersRoute: workersRoute },
    }).map(([name, type]) => [`cloudflare:index/${name[0].toLowerCase()}${name.slice(1)}:${name}`, type]),
);
