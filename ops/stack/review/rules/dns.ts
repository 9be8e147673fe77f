/** A zone at Cloudflare, its records and its signatures. */
import { hasUnknown } from "../../../../policy/resources/unknown";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { always, nothing, type KindRule, type Row, type Verdict, type Verdicts } from "../rule";
import { ACCOUNT_AND_ZONE } from "./cloudflare";

const isTunnel = (content: unknown) => /cfargotunnel\.com$/.test(String(content));
/** Records of callers' host names, which point to the tunnel. */
const isService = ({ old, new: now }: Change) =>
    [old, now].some((props) => props?.proxied === true || isTunnel(props?.content) || hasUnknown(props?.content));
const recordName = ({ new: now, old }: Change) => `${String((now ?? old)?.type)} ${String((now ?? old)?.name)}`;

export const dnsRecord: KindRule = {
    created: (change) =>
        isService(change)
            ? { code: "access-added", says: `${recordName(change)}: now points to the service` }
            : { code: "added", says: `Record ${recordName(change)} is created` },
    deleted: (change) =>
        isService(change)
            ? { code: "access-removed", says: `${recordName(change)} is deleted: the name no longer resolves` }
            : {
                  code: "dns-record-changed",
                  severity: "breaks-callers",
                  says: `Record ${recordName(change)} is deleted`,
              },
    replaced: (change) => ({
        code: "service-interrupted",
        severity: isService(change) ? "breaks-callers" : "risk",
        says: `Record ${recordName(change)} is deleted and created again: the name does not resolve meanwhile`,
    }),
    rows: [
        ["name", always("access-changed", (change) => `Record ${recordName(change)} has another name`)],
        [
            "content",
            ({ old, new: now }, change) =>
                hasUnknown(now) && isService(change)
                    ? {
                          code: "unknown-until-apply",
                          says: `${recordName(change)}: the target of the name is known only when the change is applied`,
                      }
                    : {
                          code: "dns-record-changed",
                          // Callers lose the tunnel, and the owner of the new target gets their requests.
                          ...(isTunnel(old) && { severity: "breaks-callers" as const }),
                          says: `${recordName(change)}: the name no longer points to ${String(old)}, but to ${String(now)}`,
                      },
        ],
        [
            "proxied",
            ({ old, new: now }, change) =>
                // The default is not proxied.
                old !== true && !now
                    ? undefined
                    : now === true
                      ? {
                            code: "access-changed",
                            severity: "risk",
                            says: `${recordName(change)}: requests will go through Cloudflare`,
                        }
                      : {
                            code: "authentication-removed",
                            says: `${recordName(change)}: requests no longer go through Cloudflare, which no longer protects the service`,
                        },
        ],
        [
            "ttl",
            always(
                "changed-inside",
                (change) => `${recordName(change)}: the TTL changes (how long resolvers cache answers)`,
            ),
        ],
        ["data.**", always("dns-record-changed", (change) => `${recordName(change)}: the record has other content`)],
        [
            "priority",
            always("dns-record-changed", (change) => `${recordName(change)}: the record has another priority`),
        ],
        ["type", always("dns-record-changed", (change) => `${recordName(change)} has another type`)],
        ["comment", nothing],
        [
            "zoneId",
            (_, change) =>
                hasUnknown(change.new?.zoneId)
                    ? undefined
                    : { code: "dns-record-changed", says: `${recordName(change)} is in another zone` },
        ],
    ],
};

export const zone: KindRule = {
    deleted: (change) => ({
        code: "zone-deleted",
        says: `Zone ${String(change.old?.name)} is deleted with all its records, mail included`,
    }),
    replaced: (change) => ({
        code: "zone-deleted",
        says: `Zone ${String(change.old?.name)} is deleted with all its records, and created again`,
    }),
    rows: [
        ["name", nothing],
        ["account.**", nothing],
    ],
};

export const dnssec: KindRule = {
    created: (change) => ({
        code: "dns-record-changed",
        says: `${change.name}: the zone is signed; the registrar needs its DS record`,
    }),
    deleted: (change) => ({
        code: "access-removed",
        says: `${change.name}: the zone is no longer signed; while the registrar has a DS record, validating resolvers cannot resolve its names`,
    }),
    replaced: (change) => ({ code: "access-removed", says: `${change.name}: the zone is signed with other keys` }),
    rows: [
        ["status", signing],
        // The program sets these properties to Cloudflare's own values, so that a refresh finds no difference.
        ...["dnssecMultiSigner", "dnssecPresigned", "dnssecUseNsec3"].map((flag): Row => [flag, signingMode]),
        ...ACCOUNT_AND_ZONE,
    ],
};

function signing({ old, new: now }: Difference, { name }: Change): Verdict {
    if (old === "active" && now === "pending")
        return {
            code: "changed-inside",
            says: `${name}: Cloudflare signs the zone, and finds no DS record at the registry`,
        };
    return { code: "dns-record-changed", says: `${name}: signing is turned on or off` };
}

function signingMode({ old = false, new: now = false }: Difference, { name }: Change): Verdicts {
    return old === now ? undefined : { code: "dns-record-changed", says: `${name}: the zone is signed differently` };
}
