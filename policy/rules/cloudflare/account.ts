import { othersThanToken } from "../../resources/cloudflare";
import type { Resource } from "../../resources/resource";
import { at, isOther, list, map, shown, UNKNOWN } from "../../resources/values";
import type { Rule } from "../rule";

const SERVICE_AUTH = "non_identity";
/** @param names type names of the provider, also older ones that it still accepts */
const isOfType = (resource: Resource, ...names: string[]) =>
    resource.type.startsWith("cloudflare:") && names.includes(resource.type.split(":").pop()!);

export const serviceTokensOnly: Rule = {
    name: "service-tokens-only",
    title: "Access admits only service tokens that are listed one by one.",
    reason: "An allow policy sends programs to a login page, a bypass policy admits everyone, and an entry for any valid token admits tokens of other projects.",
    example: {
        type: "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
        inputs: { decision: "bypass", includes: [{ everyone: {} }] },
    },
    check: (resource) => {
        if (isOfType(resource, "ZeroTrustAccessPolicy", "AccessPolicy")) return policy(resource.props, "");
        if (!isOfType(resource, "ZeroTrustAccessApplication", "AccessApplication")) return [];
        return list(resource.props.policies).flatMap((entry, i) =>
            // An entry with an id refers to a policy that is a resource itself.
            entry !== UNKNOWN && at(entry, "id") === undefined ? policy(map(entry), `policies[${i}].`) : [],
        );
    },
};

function policy({ decision, includes }: Record<string, unknown>, where: string): string[] {
    const found = isOther(decision, SERVICE_AUTH)
        ? [`${where}decision: must be ${SERVICE_AUTH} (got ${shown(decision)}). Set it.`]
        : [];
    if (includes === UNKNOWN) return found;
    const others = list(includes).flatMap(othersThanToken);
    if (others.length > 0)
        found.push(`${where}includes: must be only service tokens (got ${others.join(", ")}). List their ids.`);
    if (list(includes).length === 0)
        found.push(`${where}includes: must list the tokens that are admitted (got none). List their ids.`);
    return found;
}

export const zoneProtected: Rule = {
    name: "zone-protected",
    title: "A zone that this stack creates is protected.",
    reason: "Deleting a zone deletes its name servers and all its records, also those for mail and websites. Nothing restores them.",
    example: { type: "cloudflare:index/zone:Zone", inputs: { name: "example.com" } },
    check: (resource) =>
        isOfType(resource, "Zone") && !resource.protect
            ? ["protect: must be on for a zone. Set protect and retainOnDelete in its options."]
            : [],
};
