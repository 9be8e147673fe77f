import { Secret as PackSecret, type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";
import type { StackValidationPolicy } from "@pulumi/policy";
import { resourceOf, withParts, type Resource } from "./resources/resource";
import { Secret } from "./resources/values";
import { violationsOf, type Facts, type Rule } from "./rules";
import { judged, type Exception } from "./rules/exceptions";
import { noSecretInClear } from "./rules/secrets";

type Policy = ResourceValidationPolicy & Partial<StackValidationPolicy>;

/**
 * The rules as a policy pack of CrossGuard.
 *
 * A validation gets all secrets in plain text, so it cannot tell which values are secret. A remediation gets the secret
 * markers, and the engine calls it right before the validations. So one rule has a remediation, which changes nothing and
 * records the resource for all rules. That rule needs the level `remediate`. Like `mandatory`, this level rejects violations.
 */
export function policies(rules: readonly Rule[], facts: Facts, exceptions: Exception[], today: Date): Policy[] {
    const seen = new Map<string, Resource>();
    const remember = (args: ResourceValidationArgs) => {
        seen.set(args.urn, resourceFrom(args));
    };
    return rules.map((rule): Policy => {
        const { name, title, reason, checkStack } = rule;
        const standing = (resources: Resource[], part: Rule) =>
            judged(violationsOf(resources, facts, [part]), exceptions, today).standing;
        const looksAtSecrets = rule === noSecretInClear;
        return {
            name,
            description: `${title} ${reason}`,
            ...(looksAtSecrets ? { enforcementLevel: "remediate", remediateResource: remember } : {}),
            validateResource: (args, report) => {
                const known = seen.get(args.urn);
                if (looksAtSecrets && known === undefined)
                    return report(
                        "This rule must have the level remediate. At any other level, Pulumi does not show which values are secret.",
                    );
                const resource = known ?? resourceFrom(args);
                for (const { message } of standing([resource], { ...rule, checkStack: undefined })) report(message);
            },
            ...(checkStack && {
                validateStack: ({ resources }, report) => {
                    const all = resources.map((resource) => ({
                        ...(seen.get(resource.urn) ?? resourceFrom(resource)),
                        id: idOf(resource),
                    }));
                    for (const { message, urn } of standing(all, { ...rule, check: undefined })) report(message, urn);
                },
            }),
        };
    });
}

/** Values from the SDK are proxies that reveal secrets and throw on unknown values. */
function resourceFrom({ type, name, urn, opts, props }: Given): Resource {
    // `props` is a proxy that reveals secrets. Its property descriptors have the original values.
    const fields = Object.entries(Object.getOwnPropertyDescriptors(props)).map(([field, { value }]) => [field, value]);
    const inputs = withSecrets(Object.fromEntries(fields)) as Record<string, unknown>;
    return resourceOf({ type, name, urn, protect: opts.protect, inputs });
}
type Given = Pick<ResourceValidationArgs, "type" | "name" | "urn" | "opts" | "props">;

/** Id of a resource, if it is known. A stack validation gets the outputs of resources, which contain the id. */
function idOf({ props }: Pick<Given, "props">): unknown {
    const id: unknown = Object.getOwnPropertyDescriptor(props, "id")?.value;
    return typeof id === "string" ? resourceOf({ ...NOTHING, id }).id : undefined;
}
const NOTHING = { type: "", name: "", urn: "", protect: false, inputs: {} };

/** Converts the SDK's secret markers into those of the rules. */
function withSecrets(value: unknown): unknown {
    if (value instanceof PackSecret) return new Secret(withSecrets(value.value));
    return withParts(value, withSecrets);
}
