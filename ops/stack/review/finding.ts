/** Findings of a review. Their codes are stable, so that pipelines and people can rely on them. */

import { withoutSecrets } from "./values-text";

/** Severities, the most dangerous first. `breaks-callers`: callers lose access, or a protection is removed. */
export const SEVERITIES = ["breaks-callers", "risk", "harmless"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Evidence {
    /** Name of the resource or component in the program. The component of a caller has the caller's name. */
    resource: string;
    urn: string;
    /** Path of the property; of a component, of its input. Unset if the finding is about the whole resource. */
    property?: string;
    /** Value as text, or `[secret]`. Unset if there is none. */
    old?: string;
    new?: string;
}

export interface Finding {
    code: Code;
    severity: Severity;
    /** One sentence about the effect on callers and operators. */
    says: string;
    evidence: Evidence[];
    /** Instruction for the reviewer. */
    todo: string;
}

const QUIET = "Apply it when there are few requests.";
const UNDO = "Check whether it is intended. If not, remove it from the change.";
const MOVED = "Tell the callers the new address, and apply the change at a time agreed with them.";

/** Every code with its default severity and its instruction, in the order of a review, the most dangerous first. */
export const CODES = {
    "authentication-removed": ["breaks-callers", "Do not apply it: anyone could use Alpa. Restore what authenticates."],
    "foreign-in-gateway": ["breaks-callers", "Rotate both Admin keys, and delete the foreign objects."],
    "changed-outside": ["breaks-callers", "To keep it, write it into the config. To undo it: pulumi up --refresh."],
    "change-not-shown": ["breaks-callers", "See which resource it is: pulumi refresh --preview-only --diff."],
    "policy-violated": ["breaks-callers", "Correct the change. For an exception, see docs/review/policy.md."],
    "revocation-broken": ["breaks-callers", "Apply it only if the revoked key never leaked."],
    "opens-to-network": ["breaks-callers", "State in the pull request who needs the access, or remove it."],
    "zone-deleted": ["breaks-callers", "Do not apply it: every record is deleted with the zone, mail included."],
    "stack-moved": ["breaks-callers", "Make sure that the move is intended: docs/operate/another-cluster.md."],
    "data-deleted": ["breaks-callers", "Save the data first, or keep the resource."],
    "gateway-deleted": ["breaks-callers", "Move the callers to another gateway before this one is deleted."],
    "re-created": [
        "breaks-callers",
        "Give the renamed resource an alias with its old name, so that nothing is deleted.",
    ],
    "access-removed": ["breaks-callers", MOVED],
    "access-changed": ["breaks-callers", MOVED],
    "authentication-changed": ["breaks-callers", "Tell the callers beforehand how they must authenticate afterwards."],
    "all-credentials-change": [
        "breaks-callers",
        "Apply it only if every caller has agreed on the time: all keys change.",
    ],
    "caller-removed": [
        "breaks-callers",
        "Make sure that the caller no longer needs access. A caller that comes back needs new credentials.",
    ],
    "credential-revoked": ["breaks-callers", "Make sure that the caller uses another one: it cannot be restored."],
    "credential-changed": [
        "breaks-callers",
        "Hand out a new credential first, while the old one works: npm run ops -- consumer rotate.",
    ],
    "credential-ends-sooner": ["breaks-callers", "Make sure that the caller gets another credential before that day."],
    "limit-lowered": ["breaks-callers", "Tell the caller: it may get 429 for requests that were served before."],
    "request-rejected": ["breaks-callers", "Tell the callers which requests will be rejected."],
    "timeout-lowered": ["breaks-callers", "Make sure that no answer takes longer: it would end with 504 or 524."],
    "service-interrupted": ["breaks-callers", QUIET],
    "alpa-stopped": [
        "breaks-callers",
        "Announce a maintenance window. For a new version of the model, set gateway.closed in the same run. For a conversion: npm run ops -- convert plan.",
    ],
    "upstream-replaced": ["risk", "Make sure that the new services answer requests from a gateway node."],
    "upstream-removed": ["risk", "Make sure that the remaining services can carry all requests."],
    "upstream-added": ["risk", "Make sure that the new service answers: it gets requests at once."],
    "alpa-started": ["risk", "Make sure that nothing else uses the GPUs that Alpa will use."],
    "route-changed": ["risk", UNDO],
    "guard-changed": ["risk", "Test the new guard in the sandbox, with requests like those of your callers."],
    "protection-weakened": ["risk", UNDO],
    "credential-rotated": [
        "risk",
        "Hand out the new secret before the old one expires: npm run ops -- consumer handout.",
    ],
    "credential-created-again": ["risk", "Hand out the present secret: npm run ops -- consumer handout."],
    "limit-changed": ["risk", UNDO],
    "limit-removed": ["risk", "One caller may now use all of Alpa: make sure that this is intended."],
    "network-narrowed": ["risk", "Make sure that callers and connectors can still connect."],
    "pods-restart": ["risk", QUIET],
    "host-changed": ["risk", "Watch the hosts during the run: npm run ops -- check smoke."],
    "certificate-changed": ["risk", "Make sure that the callers trust the issuer of the certificate."],
    "gateway-changed": ["risk", QUIET],
    "dns-record-changed": ["risk", "Make sure that no client needs the old answer: resolvers cache it for its TTL."],
    deleted: ["risk", UNDO],
    replaced: ["risk", QUIET],
    "left-behind": ["risk", "The object stays, but no stack manages it. Delete it by hand, or import it into a stack."],
    unexplained: ["risk", "No setting asks for it: find the cause, for example another version of the program."],
    "unknown-until-apply": ["risk", "Check this property again when the change is applied."],
    "unknown-resource": ["risk", "This review does not know this kind of resource: read pulumi preview --diff."],
    "other-change": ["risk", "This review does not know this property: read pulumi preview --diff."],
    "gateway-not-read": ["risk", "Correct the error: until then, objects that exist only in APISIX are not shown."],
    "state-unfinished": [
        "risk",
        "Check whether a run is in progress. If not, check what the interrupted run has created, then run: pulumi refresh --clear-pending-creates",
    ],
    "caller-added": ["harmless", "Hand the caller's credentials out: npm run ops -- consumer handout."],
    "credential-added": ["harmless", "Hand the credential out: npm run ops -- consumer handout."],
    "credential-ends-later": ["harmless", "Nothing."],
    "limit-raised": ["harmless", "Nothing."],
    "timeout-raised": ["harmless", "Nothing."],
    "access-added": ["harmless", "Test the new access: npm run ops -- check smoke."],
    "program-changed": ["harmless", "Nothing: the findings name each object that changes with it."],
    added: ["harmless", "Nothing."],
    "changed-inside": ["harmless", "Nothing."],
} as const satisfies Record<string, readonly [Severity, string]>;

export type Code = keyof typeof CODES;

/** A finding with the severity and the instruction of its code, where the caller gives no other. Its texts show no secret. */
export function finding(
    code: Code,
    says: string,
    { severity = CODES[code][0], evidence = [], todo = CODES[code][1] }: Partial<Omit<Finding, "code" | "says">> = {},
): Finding {
    const shown = evidence.map(({ property, ...one }) => ({
        ...{ ...one, resource: withoutSecrets(one.resource), urn: withoutSecrets(one.urn) },
        ...(property !== undefined && { property: withoutSecrets(property) }),
    }));
    return { code, severity, says: withoutSecrets(says), evidence: shown, todo };
}

const ORDER = Object.keys(CODES);

/** Sorts findings, the most dangerous first. */
export function byDanger(a: Finding, b: Finding): number {
    return (
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
        ORDER.indexOf(a.code) - ORDER.indexOf(b.code) ||
        (a.says < b.says ? -1 : a.says > b.says ? 1 : 0)
    );
}
