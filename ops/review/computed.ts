/** Properties of resources at Cloudflare that Cloudflare fills in: its provider names them as reasons of every update. */
import type { Path } from "./differences";

/** By kind: what is an output alone in @pulumi/cloudflare 6.22.1, which a test compares. */
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

/** Whether only the API's answer says what a property becomes. Of an input, where it is left out before and after. */
export function isComputed(kind: string, [name]: Path, ...sides: Record<string, unknown>[]): boolean {
    const names = [...(OUTPUTS[kind] ?? []), ...(FILLED[kind] ?? [])];
    return names.includes(String(name)) && sides.every((inputs) => inputs[String(name)] === undefined);
}
