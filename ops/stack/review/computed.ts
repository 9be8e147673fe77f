/** Properties that Cloudflare sets. They are no evidence of a change, because its provider reports them at every update. */
import type { Path } from "../../../policy/resources/values";

/** Output-only properties of @pulumi/cloudflare 6.22.1, by kind. A test compares the list with the provider's schema. */
export const OUTPUTS: Record<string, string[]> = {
    "cloudflare Zone": [
        ...["activatedOn", "cnameSuffix", "createdOn", "developmentMode", "meta", "modifiedOn", "nameServers"],
        ...["originalDnshost", "originalNameServers", "originalRegistrar", "owner", "permissions", "plan", "status"],
        ...["tenant", "tenantUnit", "verificationKey"],
    ],
    "cloudflare ZoneSetting": ["editable", "modifiedOn", "timeRemaining"],
    "cloudflare ZoneDnssec": [
        ...["algorithm", "digest", "digestAlgorithm", "digestType", "ds", "flags", "keyTag", "keyType", "modifiedOn"],
        "publicKey",
    ],
    "cloudflare DnsRecord": ["commentModifiedOn", "createdOn", "meta", "modifiedOn", "proxiable", "tagsModifiedOn"],
    "cloudflare ZeroTrustTunnelCloudflared": [
        ...["accountTag", "connections", "connsActiveAt", "connsInactiveAt", "createdAt", "deletedAt", "metadata"],
        ...["remoteConfig", "status", "tunType"],
    ],
    "cloudflare ZeroTrustTunnelCloudflaredConfig": ["createdAt", "version"],
    "cloudflare ZeroTrustAccessServiceToken": ["clientId", "clientSecret", "expiresAt"],
    "cloudflare ZeroTrustAccessPolicy": ["appCount", "createdAt", "reusable", "updatedAt"],
    "cloudflare ZeroTrustAccessApplication": ["aud"],
    "cloudflare Ruleset": ["lastUpdated", "version"],
    "cloudflare NotificationPolicy": ["created", "modified"],
    "cloudflare WorkersScript": [
        ...[
            "createdOn",
            "etag",
            "handlers",
            "hasAssets",
            "hasModules",
            "lastDeployedFrom",
            "migrationTag",
            "modifiedOn",
        ],
        ...["namedHandlers", "placementMode", "placementStatus", "startupTimeMs"],
    ],
    "cloudflare WorkersRoute": [],
};

/** Inputs that Cloudflare sets if the program does not. */
export const FILLED: Record<string, string[]> = {
    "cloudflare Zone": ["vanityNameServers"],
    "cloudflare ZoneSetting": ["enabled"],
    "cloudflare ZeroTrustTunnelCloudflaredConfig": ["source"],
    "cloudflare ZeroTrustAccessServiceToken": ["enabled"],
    "cloudflare ZeroTrustAccessApplication": ["destinations", "domain", "selfHostedDomains"],
    "cloudflare WorkersScript": [
        ...["annotations", "bindings", "compatibilityFlags", "logpush", "placement", "tailConsumers", "usageModel"],
    ],
};

/** Whether Cloudflare sets a property: an output, or an input that the program sets neither before nor after the change. */
export function isComputed(kind: string, [name]: Path, ...sides: Record<string, unknown>[]): boolean {
    const names = [...(OUTPUTS[kind] ?? []), ...(FILLED[kind] ?? [])];
    return names.includes(String(name)) && sides.every((inputs) => inputs[String(name)] === undefined);
}
