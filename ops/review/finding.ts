/** What a review says: each finding has a code that stays, so that pipelines and people can rely on it. */

/** From the most dangerous. `breaks-callers`: callers lose access, or a protection is removed. */
export const SEVERITIES = ["breaks-callers", "risk", "harmless"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Evidence {
    /** Name of the resource in the program. */
    resource: string;
    urn: string;
    /** Path of the property. Unset: the resource as a whole. */
    property?: string;
    /** As text; `[secret]` for what is secret. Unset: there is none. */
    old?: string;
    new?: string;
}

export interface Finding {
    code: Code;
    severity: Severity;
    /** One sentence, in the words of callers and operators. */
    says: string;
    evidence: Evidence[];
    /** What to do about it. */
    todo: string;
}

const HAND_OUT =
    "Tell the caller before, and hand a new credential out while the old one works: npm run ops -- consumer rotate.";
const QUIET = "Apply it when it is quiet.";
const UNDO = "Look whether it is meant. If it is not, take it out of the change.";

/**
 * Every code: how bad it is unless a rule knows better, and what to do. The order is that of a review, the most
 * dangerous first.
 */
export const CODES = {
    "authentication-removed": [
        "breaks-callers",
        "Do not apply it: anyone can reach Alpa. Put back the plugin, the policy or the application.",
    ],
    "foreign-in-gateway": [
        "breaks-callers",
        "An Admin key has leaked: rotate both, and delete the foreign objects. docs/operate/leaked-credentials.md: An Admin key has leaked.",
    ],
    "change-not-shown": ["breaks-callers", "See which resource it is: pulumi refresh --preview-only --diff."],
    "policy-violated": [
        "breaks-callers",
        "Correct it: pulumi up refuses it where the pack is on. docs/review/policy.md says how an exception is made.",
    ],
    "revocation-broken": [
        "breaks-callers",
        "Do not apply it unless the caller's key never leaked: anyone who has it gets access again.",
    ],
    "opens-to-network": ["breaks-callers", "Say who needs it. If it is not needed, remove it from the change."],
    "zone-deleted": ["breaks-callers", "Do not apply it: every record is deleted with the zone, mail included."],
    "data-deleted": ["breaks-callers", "Save the data first, or keep the resource."],
    "gateway-deleted": ["breaks-callers", "Move the callers to another gateway before this one is deleted."],
    "re-created": [
        "breaks-callers",
        "A resource was renamed: give it an alias with its old name, so that nothing is deleted.",
    ],
    "way-in-removed": [
        "breaks-callers",
        "Tell the callers the new address, and keep the old one until they have moved.",
    ],
    "way-in-changed": [
        "breaks-callers",
        "Tell the callers the new address before, and apply it at a time agreed with them.",
    ],
    "authentication-changed": ["breaks-callers", "Tell the callers before how they must authenticate from then on."],
    "all-credentials-change": [
        "breaks-callers",
        "Do not apply it unless every caller has agreed on the hour: all keys change.",
    ],
    "caller-removed": [
        "breaks-callers",
        "Be sure that the caller has gone. A caller that comes back gets new credentials.",
    ],
    "credential-revoked": ["breaks-callers", "Be sure that the caller uses another one: it cannot be brought back."],
    "credential-changed": ["breaks-callers", HAND_OUT],
    "credential-ends-sooner": ["breaks-callers", HAND_OUT],
    "limit-lowered": ["breaks-callers", "Tell the caller: it gets 429 where it was served before."],
    "request-refused": ["breaks-callers", "Tell the callers which requests are refused from then on."],
    "timeout-lowered": [
        "breaks-callers",
        "Be sure that no answer takes that long: longer ones are cut with 504 or 524.",
    ],
    "service-interrupted": ["breaks-callers", QUIET],
    "alpa-stopped": [
        "breaks-callers",
        "Lead callers elsewhere first, or announce a window and convert in it: npm run ops -- convert plan.",
    ],
    "upstream-replaced": ["risk", "Be sure that the new services answer: ask one from a gateway node first."],
    "upstream-removed": ["risk", "Be sure that the services that stay can carry all requests."],
    "upstream-added": ["risk", "Be sure that it answers: requests go there at once."],
    "alpa-started": ["risk", "Be sure that nothing else holds the GPUs of its nodes."],
    "route-changed": ["risk", UNDO],
    "guard-changed": ["risk", "Send the requests of your callers through the sandbox with the new guard."],
    "errors-changed": ["risk", "Clients that read Alpa's errors may fail on others: try one of each."],
    "protection-weakened": ["risk", UNDO],
    "credential-rotated": [
        "risk",
        "Hand the new secret out before the day on which the old one ends: npm run ops -- consumer handout.",
    ],
    "limit-changed": ["risk", UNDO],
    "limit-removed": ["risk", "One caller may now take all of Alpa: be sure that it is meant."],
    "network-narrowed": ["risk", "Be sure that callers and connectors still get through."],
    "pods-restart": ["risk", QUIET],
    "host-changed": ["risk", "Watch the hosts while it runs: npm run ops -- check smoke."],
    "certificate-changed": ["risk", "Be sure that the callers trust who signed it: npm run ops -- check exposure."],
    "gateway-changed": ["risk", QUIET],
    "dns-record-changed": ["risk", "Make sure that no client needs the old answer: resolvers cache it for its TTL."],
    deleted: ["risk", UNDO],
    replaced: ["risk", QUIET],
    "left-behind": [
        "risk",
        "It stays as it is, and no stack knows it from then on. Delete it by hand, or take it over by import.",
    ],
    "unknown-until-apply": ["risk", "Look at this property again while it is applied."],
    "unknown-resource": ["risk", "This review does not know the kind: read its part of pulumi preview --diff."],
    "other-change": ["risk", "This review does not know the property: read its part of pulumi preview --diff."],
    "gateway-not-read": ["risk", "Objects that are only in APISIX are not shown: correct it, and look again."],
    "state-unfinished": [
        "risk",
        "Look at what the interrupted run has made, then run: pulumi refresh --clear-pending-creates",
    ],
    "caller-added": ["harmless", "Hand its credentials out: npm run ops -- consumer handout."],
    "credential-added": ["harmless", "Hand it out: npm run ops -- consumer handout."],
    "credential-ends-later": ["harmless", "Nothing."],
    "limit-raised": ["harmless", "Nothing."],
    "timeout-raised": ["harmless", "Nothing."],
    "way-in-added": ["harmless", "Try it: npm run ops -- check smoke."],
    added: ["harmless", "Nothing."],
    "changed-inside": ["harmless", "Nothing."],
} as const satisfies Record<string, readonly [Severity, string]>;

export type Code = keyof typeof CODES;

const ORDER = Object.keys(CODES);

/** The most dangerous first. */
export function byDanger(a: Finding, b: Finding): number {
    return (
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
        ORDER.indexOf(a.code) - ORDER.indexOf(b.code) ||
        (a.says < b.says ? -1 : a.says > b.says ? 1 : 0)
    );
}
