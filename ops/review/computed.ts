/** Properties of resources at Cloudflare that Cloudflare fills in: its provider names them as reasons of every update. */
import type { Path } from "./differences";

/** By kind: properties that are only outputs in @pulumi/cloudflare 6.22.1; a test compares the list. */
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

/** Inputs that Cloudflare fills in where the program leaves them out. */
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

/** Whether only the API's answer decides the value of a property; for an input, if it is not set before and after. */
export function isComputed(kind: string, [name]: Path, ...sides: Record<string, unknown>[]): boolean {
    const names = [...(OUTPUTS[kind] ?? []), ...(FILLED[kind] ?? [])];
    return names.includes(String(name)) && sides.every((inputs) => inputs[String(name)] === undefined);
}
